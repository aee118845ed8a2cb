"""Writing image folders."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from training.class_names import folder_of
from training.errors import TrainingError


class ImageFolderWriter:
    """Writes labelled images under `root`; several writers may fill one tree, one after the other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[tuple[str, str], Path] = {}

    def write(self, part: str, label: str, name: str, image: Image.Image) -> None:
        """Write `root/part/<label's folder>/name.png` atomically.

        Raises TrainingError if it cannot be written.
        """
        unfinished = None
        try:
            path = self._folder(part, label) / f"{name}.png"
            unfinished = path.with_suffix(".part")
            image.save(unfinished, "PNG")
            unfinished.replace(path)
        except OSError as error:
            if unfinished:
                unfinished.unlink(missing_ok=True)  # or a training would take it for an image
            raise TrainingError(
                f"{self.root}: cannot write images ({error.strerror or error}). Free some space or change --out."
            ) from error

    def _folder(self, part: str, label: str) -> Path:
        if (part, label) not in self._folders:
            folder = self.root / part / folder_of(label)
            folder.mkdir(parents=True, exist_ok=True)
            # On a disk that ignores case, "A" would find the folder of "a", and the two become one class.
            if folder not in folder.parent.iterdir():
                folder = self.root / part / folder_of(label, letters=True)
                folder.mkdir(exist_ok=True)
            self._folders[part, label] = folder
        return self._folders[part, label]
