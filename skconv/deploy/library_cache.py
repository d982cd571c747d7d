"""The cache of compiled libraries, and whether a library in it may be loaded.

A library is code that runs as this user. It is loaded only if it is whole (a digest stands
behind its last byte, so that a file that was cut off is built again), if it is a file of this
user that nobody else may write, and if the same holds for the folder. A folder that does not
qualify is an error that says what to do.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

CACHE_VARIABLES = ("SKCONV_CACHE", "XDG_CACHE_HOME")


class CompilerError(RuntimeError):
    """The printed C cannot be compiled or loaded on this machine."""


class CacheError(CompilerError):
    """The cache of compiled libraries cannot be used."""


def cache_folder() -> Path:
    """The cache folder of compiled libraries; made if it does not exist.

    Raises
    ------
    CacheError
        Where it cannot be made, is another user's, or may be written by others.
    """
    named, base = map(os.environ.get, CACHE_VARIABLES)
    folder = Path(named or Path(base or "~/.cache") / "skconv")
    try:
        folder = folder.expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not named and _is_mine(folder):
            _keep_others_out(folder)
    except (OSError, RuntimeError) as error:  # there may be no home
        raise CacheError(
            f"cannot make the cache folder {folder} ({error}); set SKCONV_CACHE to another"
        ) from error
    if not is_trusted(folder):
        raise CacheError(
            f"the cache folder {folder} belongs to another user, or others may write to it; "
            f"run chmod go-w {folder}, or set SKCONV_CACHE to another folder"
        )
    return folder


def is_trusted(path: Path) -> bool:
    """Whether a file or folder is this user's and nobody else may write it."""
    if not hasattr(os, "getuid"):  # Windows: the user's profile is closed to others
        return not path.is_symlink()
    status = path.stat() if path.is_dir() else path.lstat()
    is_plain = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_plain and status.st_uid == os.getuid() and not others_write


def _is_mine(folder: Path) -> bool:
    return hasattr(os, "getuid") and folder.stat().st_uid == os.getuid()


def _keep_others_out(folder: Path) -> None:
    """Earlier versions left the mode of the default folder to the umask."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        folder.chmod(mode & ~(stat.S_IWGRP | stat.S_IWOTH))


def seal(library: Path, key: str) -> None:
    """Append the digest that `is_whole` checks; loaders ignore bytes after a library."""
    with library.open("ab") as file:
        file.write(_digest(library.read_bytes(), key))
    library.chmod(0o700)


def is_whole(library: Path, key: str) -> bool:
    """Whether a file is as `seal` left it, under that key."""
    content = library.read_bytes()
    size = hashlib.sha256().digest_size
    return content[-size:] == _digest(content[:-size], key)


def _digest(content: bytes, key: str) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()
