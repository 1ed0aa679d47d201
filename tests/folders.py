"""Folders for tests that start servers: short enough for Unix sockets, and none is left behind.

Not pytest's own, whose names are too long, and which the account of PostgreSQL may not enter. A
test that is killed removes nothing; whoever asks for a folder next removes it then. Only what is
held by nobody goes: each folder is locked by the process that it was made for.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "milepost-test-"


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder, remove it afterwards, and before it those that killed tests have left."""
    place = Path(tempfile.gettempdir())
    with _locked(place):  # so that nobody sweeps a folder between its making and its locking
        for left in place.glob(f"{PREFIX}*"):
            _sweep(left)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        held = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(held)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    held = _lock(folder)
    try:
        yield
    finally:
        os.close(held)


def _lock(folder: Path, how: int = fcntl.LOCK_EX) -> int:
    """Lock a folder for as long as the descriptor that is returned is open."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, how)
    except BlockingIOError:
        os.close(opened)
        raise
    return opened


def _sweep(folder: Path) -> None:
    """Remove a folder that nobody holds any more."""
    try:
        held = _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError, PermissionError):
        return
    shutil.rmtree(folder, ignore_errors=True)  # what is dying there may still write
    os.close(held)
