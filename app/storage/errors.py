"""What can go wrong with the database. Importing these does not import SQLAlchemy."""

from __future__ import annotations


class StorageError(Exception):
    """Nothing can be stored or read now. The message is for the client: what is wrong, and what to do."""


class UnknownVersionError(Exception):
    """No model of this version is stored."""


class DamagedFileError(Exception):
    """A stored model file is not what was published."""
