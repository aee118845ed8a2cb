"""Take a published model, or a replaced model file, while requests go on.

Each worker looks by itself, every few seconds, what it is to serve: the newest publication in the database, or, where
there is none, the file of MODEL_PATH. A new model is loaded and tried out in a thread. Then one assignment makes it the
one that later requests use; those under way finish with the one that they began with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.recognition.classifier import Classifier
from app.recognition.model_file import ModelFileError
from app.recognition.self_check import UnfitModelError, require_fit
from app.storage.errors import DamagedFileError, StorageError, UnknownVersionError
from app.storage.storage import Storage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.storage.models import Publication

logger = logging.getLogger("handwritten")

# A start does not wait longer for the database than this; the model of MODEL_PATH is served meanwhile.
_STARTUP_SECONDS = 3.0


@dataclass(frozen=True)
class FileState:
    """Differs from the earlier state once a file was replaced or written to."""

    changed_ns: int
    inode: int
    bytes: int

    @classmethod
    def of(cls, path: Path) -> FileState | None:
        """The state of a file; None if there is none."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(status.st_mtime_ns, status.st_ino, status.st_size)


class ModelUpdates:
    """Watches for another model to serve, and hands it to `use`.

    `storage` is where models may be published, None for a model that comes only from its file. `served` is the state
    of the file whose model is served now, `rejected` that of one that could not be loaded. `report` is called with
    whether the latest new model was rejected, `report_waiting` with the number of corrections that wait for review.
    """

    def __init__(
        self,
        storage: Storage | None,
        path: Path,
        served: FileState | None,
        rejected: FileState | None,
        use: Callable[[Classifier], None],
        report: Callable[[bool], None],
        report_waiting: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._storage = storage
        self._path = path
        # Of what is published, by the publication: the same version again may be a mended file.
        self._served: FileState | Publication | None = served
        self._rejected: FileState | Publication | None = rejected
        self._seen: FileState | None = served
        self._published: Publication | None = None
        self._use = use
        self._report = report
        self._report_waiting = report_waiting

    async def at_start(self) -> None:
        """Take the published model, if there is one and the database answers soon."""
        try:
            async with asyncio.timeout(_STARTUP_SECONDS):
                await self.check()
        except TimeoutError:
            logger.warning("The database does not answer. The model of MODEL_PATH is served until it does.")

    async def run(self, seconds: float) -> None:
        """Look every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.check()
            except Exception:  # a fault in here must not end the updates
                logger.exception("looking for a new model failed")

    async def check(self) -> None:
        """Look once, and take what is new."""
        if self._storage and not self._storage.is_empty:
            try:
                self._published, waiting = await self._storage.read(_state)
                self._report_waiting(waiting)
            except StorageError:
                pass  # the storage has logged it; the last known publication stays
        if self._storage and self._published and self._published.version:
            await self._take_published(self._storage, self._published, self._published.version)
        else:
            await self._take_file()

    async def _take_published(self, storage: Storage, publication: Publication, version: str) -> None:
        if publication in (self._served, self._rejected):
            return
        try:
            contents = await storage.read(_read_file, version)
        except StorageError:
            return
        except (DamagedFileError, UnknownVersionError) as error:
            self._reject(publication, str(error))
            return
        await self._take(publication, f"model {version}", contents)

    async def _take_file(self) -> None:
        state = FileState.of(self._path)
        settled, self._seen = state == self._seen, state  # a file that is being copied changes until it is complete
        if state is None or not settled or state in (self._served, self._rejected):
            return
        await self._take(state, str(self._path), None)

    async def _take(self, target: FileState | Publication, name: str, contents: bytes | None) -> None:
        try:
            classifier = await asyncio.to_thread(_load, Path(name), contents)
        except ModelFileError as error:  # begins with the name
            self._reject(target, str(error))
            return
        except UnfitModelError as error:
            self._reject(target, f"{name}: {error}")
            return
        except Exception:  # whatever a damaged model makes the libraries raise
            logger.exception("%s cannot be loaded", name)
            self._reject(target, f"{name} cannot be loaded")
            return
        self._served, self._rejected = target, None
        self._use(classifier)
        self._report(False)
        # Somebody may have named another file since, and forgotten the publication.
        instead = "" if contents is None else f", which was published, in place of {self._path}"
        description = f"{classifier.model.version}, {len(classifier.model.classes)} classes"
        logger.info("serving %s (%s)%s", name, description, instead)

    def _reject(self, target: FileState | Publication, reason: str) -> None:
        self._rejected = target
        self._report(True)
        instead = "The previous model is still served." if self._served else "The others are served."
        logger.error("%s. %s", reason.rstrip("."), instead)


def _state(connection: Connection) -> tuple[Publication | None, int]:
    """What is published, if anything, and how many corrections wait for review."""
    from app.storage import corrections, models  # not before they are needed, see Storage

    return models.current(connection), corrections.count_waiting(connection)


def _read_file(connection: Connection, version: str) -> bytes:
    from app.storage import models

    return models.read_file(connection, version)


def _load(path: Path, contents: bytes | None) -> Classifier:
    classifier = Classifier.load(path, contents)
    require_fit(classifier)
    classifier.warm_up()
    return classifier
