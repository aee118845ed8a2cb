"""`python -m training`: run a command; whatever stops it early is reported in one line."""

from __future__ import annotations

import signal
import sys
import tempfile

_INTERRUPTED = 130  # the usual exit status after Ctrl-C: 128 + SIGINT


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status is 0, 2 for bad input, 3 if `improve` found nothing better, or 130 for an
    interruption."""
    try:
        # These import PyTorch, which takes seconds and may not be there.
        from app.recognition.model_file import ModelFileError
        from training import commands
        from training.errors import InterruptionError, NotBetterError, TrainingError
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is not installed. Install what the trainer needs: make trainer", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    try:
        commands.run(sys.argv[1:] if arguments is None else arguments)
    except (TrainingError, ModelFileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except NotBetterError as error:
        print(error, file=sys.stderr)
        return 3
    except InterruptionError as error:
        print(error, file=sys.stderr)
        return _INTERRUPTED
    except OSError as error:
        where = error.filename or f"a file, perhaps in {tempfile.gettempdir()} (another: TMPDIR)"
        advice = "Make room there, allow it to be written, or name another."
        print(f"error: {where}: {error.strerror or error}. {advice}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    try:
        status = main()
        # Another Ctrl-C while Python shuts down must not print a traceback after the message.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        status = _INTERRUPTED
    sys.exit(status)
