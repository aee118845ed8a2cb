"""Errors that end the trainer with a message of one line."""


class TrainingError(Exception):
    """Bad input to the trainer: exit status 2. The message is one line that names the path and the remedy."""


class NotBetterError(Exception):
    """`improve` made nothing better, and wrote nothing: exit status 3. The message says why."""


class InterruptionError(Exception):
    """Ctrl-C, or a platform that ends the process: exit status 130. The message says what there is now."""
