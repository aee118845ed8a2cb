"""What ends the command with one line."""


class BatchError(Exception):
    """What cannot be begun, or finished, as it is: exit status 2. The message is one line that says what to do."""


class InterruptionError(Exception):
    """Ctrl-C, or a platform that ends the process: exit status 130. The message says how to go on."""
