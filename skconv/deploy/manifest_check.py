"""Whether a saved folder is what its manifest says, and whether its model fits a chip."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skconv.deploy.manifest import MANIFEST, digest
from skconv.target.chips import Chip, get_chip

# Bytes that a manifest has to state, and which memory they take.
FLASH = ("tables", "code_estimate")
RAM = ("arena", "input", "output")


@dataclass(frozen=True)
class FolderCheck:
    """What was found in a folder.

    Attributes
    ----------
    name : str
        The model.
    n_files : int
        Files that the manifest lists.
    missing, changed : tuple of str
        Those that are not there, and those with another digest.
    flash_bytes, ram_bytes : int
        Tables and code, which is an estimate; arena, input and output.
    too_large : tuple of str
        What does not fit, in words.
    """

    name: str
    n_files: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    flash_bytes: int
    ram_bytes: int
    too_large: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every file is as it was saved, and the model fits."""
        return not (self.missing or self.changed or self.too_large)

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.n_files} files, flash about {self.flash_bytes:,} bytes, "
            f"RAM {self.ram_bytes:,} bytes with input and output"
        ]
        lines += [f"missing: {file}" for file in self.missing]
        lines += [f"changed since it was saved: {file}" for file in self.changed]
        lines += [f"too large: {found}" for found in self.too_large]
        return "\n".join([*lines, "passed" if self.passed else "failed"])


def check_folder(
    folder: str | Path,
    *,
    chip: str | Chip | None = None,
    flash_bytes: int | None = None,
    ram_bytes: int | None = None,
) -> FolderCheck:
    """Compare a folder that `CModel.save` wrote with its manifest: for the CI of a firmware.

    Files that the manifest does not list are not looked at.

    Parameters
    ----------
    folder : path
    chip : str or Chip, optional
        What the model has to fit: a name in `skconv.target.chips.CHIPS`, or the memory itself.
    flash_bytes, ram_bytes : int, optional
        The same by numbers, where the model may have a share of the chip.

    Returns
    -------
    FolderCheck

    Raises
    ------
    FileNotFoundError
        Where the folder has no manifest.
    ValueError
        Where the manifest is not one of this version of skconv.
    """
    path = Path(folder)
    stated = _manifest(path)
    files: Mapping[str, str] = stated["files"]
    there = {file: path / file for file in files if (path / file).is_file()}
    changed = (file for file, found in there.items() if digest(found.read_bytes()) != files[file])
    sizes = stated["bytes"]
    flash, ram = (sum(sizes[name] or 0 for name in names) for names in (FLASH, RAM))
    limits = _limits(chip, flash_bytes, ram_bytes)
    return FolderCheck(
        stated["name"],
        len(files),
        tuple(sorted(set(files) - set(there))),
        tuple(sorted(changed)),
        flash,
        ram,
        tuple(_too_large(flash, ram, limits)),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"folder is {str(folder)!r}, which holds no {MANIFEST}; expected a folder that "
            "CModel.save or `skconv export` wrote"
        )
    try:
        stated: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        is_ours = {"name", "files", "bytes"} <= set(stated) and {*FLASH, *RAM} <= set(
            stated["bytes"]
        )
    except (ValueError, TypeError):
        is_ours = False
    if not is_ours:
        raise ValueError(
            f"{str(path)!r} is no manifest of this version of skconv: export the model anew"
        )
    return stated


def _limits(
    chip: str | Chip | None, flash_bytes: int | None, ram_bytes: int | None
) -> list[tuple[str, str, int]]:
    """Who limits which memory, to how many bytes."""
    found = []
    if chip is not None:
        named = get_chip(chip)
        found = [(named.name, "flash", named.flash_bytes), (named.name, "RAM", named.ram_bytes)]
    for kind, name, size in (
        ("flash", "flash_bytes", flash_bytes),
        ("RAM", "ram_bytes", ram_bytes),
    ):
        if size is not None:
            if isinstance(size, bool) or not size > 0:
                raise ValueError(f"{name}={size!r}, expected a number of bytes above 0")
            found.append((f"{name}={size:,}", kind, size))
    return found


def _too_large(flash: int, ram: int, limits: list[tuple[str, str, int]]) -> list[str]:
    taken = {"flash": flash, "RAM": ram}
    return [
        f"{taken[kind] - most:,} bytes of {kind} beyond {name}"
        for name, kind, most in limits
        if taken[kind] > most
    ]
