"""A lock on a file, which ends with the process that holds it."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

# Of a file that Windows locks: a byte that no file of ours is long enough to have.
FAR = 2**30


@contextmanager
def locked(file: IO[Any]) -> Iterator[None]:
    """Keep other processes out of this block, on this machine and on others.

    The operating system holds the lock, so that of a killed process is gone at once. Local disks
    and SMB know such locks, and so does NFS from version 4, or version 3 with its lock service.
    Where the storage knows none, a warning says so.

    Parameters
    ----------
    file : file
        Open for writing.

    Examples
    --------
    >>> from tempfile import TemporaryFile
    >>> from skconv.utils.locked import locked
    >>> with TemporaryFile() as file, locked(file):
    ...     file.write(b"alone")
    5
    """
    is_locked = _lock(file)
    try:
        yield
    finally:
        file.flush()  # What is still in its buffer would be written without the lock.
        if is_locked:
            _unlock(file)


def _lock(file: IO[Any]) -> bool:
    try:
        _wait_for(file)
    except OSError as error:
        warnings.warn(
            f"{file.name} cannot be locked ({error.strerror}): let only one process at a time "
            "write to it, or put it on storage that has file locks",
            stacklevel=4,
        )
        return False
    return True


if sys.platform == "win32":
    import msvcrt

    def _wait_for(file: IO[Any]) -> None:
        while True:
            file.seek(FAR)
            try:
                return msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except PermissionError:  # Another process has it.
                time.sleep(0.01)

    def _unlock(file: IO[Any]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _wait_for(file: IO[Any]) -> None:
        # Not `lockf`, whose lock goes when the process closes the file elsewhere.
        fcntl.flock(file, fcntl.LOCK_EX)

    def _unlock(file: IO[Any]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
