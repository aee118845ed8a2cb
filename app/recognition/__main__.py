"""`python -m app.recognition FILE|FOLDER…` reads piles of images, and reports in one line what ends it early."""

from __future__ import annotations

import os
import signal
import sys

_UNREADABLE, _USAGE, _INTERRUPTED = 1, 2, 130  # 130: a shell's exit status for what Ctrl-C ended


def main(arguments: list[str] | None = None) -> int:
    """Run the command. The exit status is 0; 1 if some files could not be read; 2 for what cannot be begun or finished
    as it is; 130 for an interruption."""
    try:
        # Platforms stop a process with SIGTERM; it is handled as Ctrl-C is.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from app.recognition.batch import options, run
        from app.recognition.batch.errors import BatchError, InterruptionError
        from app.recognition.model_file import ModelFileError
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    try:
        return _UNREADABLE if run.run(options.parse(arguments)) else 0
    except (BatchError, ModelFileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _USAGE
    except InterruptionError as error:
        print(error, file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Who read the answers, such as `head`, has seen enough. Python must not complain of it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED


if __name__ == "__main__":
    try:
        status = main()
        # One more Ctrl-C while Python ends must not change the exit status.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        status = _INTERRUPTED
    sys.exit(status)
