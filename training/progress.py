"""Progress bars: updated in place in a terminal, a line every ten seconds in a log."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


def bar(*arguments: Any, **options: Any) -> Any:
    """A tqdm progress bar on standard error."""
    return tqdm(*arguments, mininterval=0.1 if sys.stderr.isatty() else 10, dynamic_ncols=True, **options)
