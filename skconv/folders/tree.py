"""The files of class folders, and what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["images", "sounds", "signals"]
Wanted = Literal["images", "signals"]

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm")
SOUNDS = (".wav",)
TABLES = (".csv", ".npy")
SUFFIXES = (*IMAGES, *SOUNDS, *TABLES)
# What file managers leave behind.
_LEFT_BEHIND = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Tree:
    """Files in the order of their names, and the class of each.

    Attributes
    ----------
    files : list of Path
    labels : list of str
        The name of the subfolder of each.
    """

    files: list[Path]
    labels: list[str]

    @property
    def suffixes(self) -> set[str]:
        """Endings of the files, in small letters."""
        return {path.suffix.lower() for path in self.files}


def read_tree(folder: Path) -> Tree:
    """The files of all class folders.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        Where there is no such folder.
    ValueError
        Where a file is not what is read, where there are no files, or only one class.
    """
    if not folder.exists():
        raise FileNotFoundError(f"no folder {folder}, expected one with a subfolder for each class")
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{folder} is a file, expected a folder with a subfolder for each class"
        )
    _check_no_loose_file(folder)
    classes = [path for path in _visible(folder) if path.is_dir()]
    found = [(path, each.name) for each in classes for path in _files_of(each)]
    if len(classes) < 2:
        names = ", ".join(path.name for path in classes) or "none"
        raise ValueError(
            f"{folder} has {len(classes)} class(es) ({names}), expected two or more subfolders, "
            "one for each class, named after it"
        )
    return Tree([path for path, _ in found], [label for _, label in found])


def check_counts(labels: list[str], least: int) -> None:
    """ValueError where a class has too few files."""
    name, n = min(Counter(labels).items(), key=lambda item: item[1])
    if n < least:
        raise ValueError(
            f"class {name!r} has {n} file(s), expected {least} or more: some are held out to "
            "measure the accuracy. Add files to it, or take its folder away."
        )


def _visible(folder: Path) -> list[Path]:
    """What a folder holds, without what file managers hide or leave behind."""
    there = (p for p in folder.iterdir() if p.name.lower() not in _LEFT_BEHIND)
    return sorted(path for path in there if not path.name.startswith("."))


def _check_no_loose_file(folder: Path) -> None:
    for path in _visible(folder):
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            raise ValueError(
                f"{path} lies in no class folder, expected {folder / 'CLASS' / path.name}: a "
                "subfolder for each class, named after it"
            )


def _files_of(folder: Path) -> Iterator[Path]:
    paths = _visible(folder)
    if not paths:
        raise ValueError(f"{folder} is empty, expected files of the class {folder.name!r}")
    for path in paths:
        if path.is_dir():
            raise ValueError(
                f"{path} is a folder inside the class folder {folder.name!r}, expected files. "
                f"Name the folder whose subfolders are the classes: {folder}?"
            )
        if path.suffix.lower() not in SUFFIXES:
            raise ValueError(
                f"{path} ends in {path.suffix or 'nothing'!r}, expected one of "
                f"{' '.join(SUFFIXES)}. Convert it, or take it out of the folder."
            )
        yield path
