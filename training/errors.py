"""What stops the trainer with one line and exit status 2."""


class TrainingError(Exception):
    """Bad input to the trainer. The message is one line that names the path and the remedy."""
