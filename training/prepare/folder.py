"""Writing image folders."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from training.errors import TrainingError

# Characters that some file system refuses in a folder's name; a class name that has one loses it.
_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))


class ImageFolderWriter:
    """Writes labelled images under `root`; several writers may fill one tree, one after the other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[tuple[str, str], Path] = {}

    def write(self, part: str, label: str, name: str, image: Image.Image) -> None:
        """Write `root/part/label/name.png`, whole or not at all.

        Raises TrainingError if it cannot be written.
        """
        try:
            path = self._folder(part, label) / f"{name}.png"
            unfinished = path.with_suffix(".part")
            image.save(unfinished, "PNG")
            unfinished.replace(path)
        except OSError as error:
            raise TrainingError(
                f"{self.root}: cannot write images ({error.strerror or error}). Free some space or change --out."
            ) from error

    def _folder(self, part: str, label: str) -> Path:
        if (part, label) not in self._folders:
            name = label.translate(_FORBIDDEN).strip(" .") or "-"
            folder = self.root / part / name
            folder.mkdir(parents=True, exist_ok=True)
            # "a" and "A" are one folder on file systems that ignore case, and would become one class unnoticed.
            if folder not in folder.parent.iterdir():
                raise TrainingError(
                    f"{folder}: another class has this folder on this file system. Choose another --out."
                )
            self._folders[part, label] = folder
        return self._folders[part, label]
