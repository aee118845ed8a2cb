"""A digest of the code that preprocesses images. The cache of preprocessed images is valid for one digest only.

It covers the modules of `app.recognition` that preprocessing imports, directly or indirectly, the networks beside them,
and the versions of the libraries that these modules import.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from importlib import metadata, util
from pathlib import Path

_ROOTS = ("app.recognition.decoding", "app.recognition.preprocessing")
_PACKAGE = "app.recognition"


@cache
def code_digest(roots: tuple[str, ...] = _ROOTS) -> str:
    """The digest, hexadecimal, of `roots`, the modules that they import, and the versions of the imported libraries."""
    digest = hashlib.blake2b(digest_size=12)
    sources, libraries = imported(roots)
    for name, source in sorted(sources.items()):
        digest.update(name.encode() + b"\0" + source)
    folder = Path(util.find_spec(_PACKAGE).submodule_search_locations[0])  # type: ignore[union-attr, index]
    for network in sorted(folder.glob("*.onnx")):
        digest.update(network.read_bytes())
    for library in sorted(libraries):
        digest.update(f"{library} {_version(library)}\n".encode())
    return digest.hexdigest()


def imported(roots: tuple[str, ...]) -> tuple[dict[str, bytes], set[str]]:
    """The source of `roots` and of the package's modules that they import, by name; and the names of the libraries that
    these import (not the standard library)."""
    sources: dict[str, bytes] = {}
    libraries: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        spec = util.find_spec(name)
        if spec is None or spec.origin is None:  # what follows "from module import" need not be a module
            continue
        sources[name] = Path(spec.origin).read_bytes()
        for found in _imports(sources[name]):
            top = found.split(".")[0]
            if found.startswith(f"{_PACKAGE}."):
                waiting.append(found)
            elif top != _PACKAGE.split(".")[0] and top not in sys.stdlib_module_names:
                libraries.add(top)
    return sources, libraries


def _imports(source: bytes) -> set[str]:
    """The modules that a source imports, and the names that it imports from them, which may be modules too."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module}
            if node.module == _PACKAGE:
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _version(library: str) -> str:
    """A library's version: its `__version__`, or that of the installed package."""
    version = getattr(sys.modules.get(library), "__version__", None)
    if version is None:
        try:
            version = metadata.version(library)
        except metadata.PackageNotFoundError:
            version = "?"
    return str(version)
