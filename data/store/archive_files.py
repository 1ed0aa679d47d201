"""The files of archived events: each run has a folder of its own, which no other run touches.

Imported by `data.store.archive` alone. A folder is made for one run and its files are opened for
one writer; all of it is on the disk before the run may delete anything (docs/adr/0024).
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from data.services.errors import MilepostError
from data.store import parquet

MANIFEST = "manifest.json"
_PORTION = 20_000


class ArchiveError(MilepostError):
    """Nothing was taken or brought back; says why."""


class File(Struct, frozen=True, kw_only=True):
    """One month of a site. `rows`: a digest of what is in it; `sha256`: of the file."""

    name: str
    events: int
    rows: str
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What was taken in one run."""

    site: str
    before: datetime
    made_at: datetime
    orders: int
    files: tuple[File, ...]

    @property
    def events(self) -> int:
        """How many events it is in all."""
        return sum(file.events for file in self.files)


def new_folder(kept: Path, site: str, before: datetime) -> Path:
    """Make a folder for one run, below where files are kept; no other run ever had it."""
    above = of_site(kept, site)
    above.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in count(1):
        folder = above / f"before-{before:%Y-%m}{'' if number == 1 else f'-{number}'}"
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            break
    for place in (above, kept):
        _settle(place)
    return folder.resolve()


def of_site(kept: Path, site: str) -> Path:
    """Return where the runs of a site lie."""
    return kept / quote(site, safe="")


def write_month(folder: Path, month: datetime, rows: Iterable[Any]) -> File:
    """Write the events of a month as they are read from SQL, and read them back.

    Raises: ArchiveError; FileExistsError when another writes there.
    """
    name = f"{month:%Y-%m}.parquet"
    with (folder / name).open("xb") as sink:
        writer = parquet.Writer(sink)
        for portion in _portions(rows):
            writer.add(portion)
        writer.close()
        sink.flush()
        os.fsync(sink.fileno())
    file = File(
        name=name, events=writer.sum.rows, rows=writer.sum.digest, sha256=_sha256(folder / name)
    )
    _check(folder, file)
    return file


def seal(folder: Path, made: Manifest) -> None:
    """Say what a run holds; afterwards all of it is on the disk."""
    with (folder / MANIFEST).open("xb") as sink:
        sink.write(msgspec.json.format(msgspec.json.encode(made)))
        sink.flush()
        os.fsync(sink.fileno())
    _settle(folder)


def clear_away(folder: Path) -> None:
    """Remove what a run left that took nothing; anything else that lies there stays."""
    for file in [*folder.glob("????-??.parquet"), folder / MANIFEST]:
        file.unlink(missing_ok=True)
    with suppress(OSError):  # another's files are in it, or it is on another machine
        folder.rmdir()


def manifest_of(folder: Path) -> Manifest | None:
    """Return what a folder says it holds; None where that can't be read."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def checked(folder: Path) -> Manifest:
    """Return a run's manifest when every file is as it was written.

    Raises: ArchiveError.
    """
    manifest = manifest_of(folder)
    if manifest is None:
        raise ArchiveError(f"{folder} holds no whole archive: no {MANIFEST} can be read there")
    try:
        for file in manifest.files:
            _check(folder, file)
    except OSError as error:
        raise ArchiveError(f"{folder} holds no whole archive: {error}") from error
    return manifest


def rows_in(folder: Path, manifest: Manifest) -> Iterator[list[parquet.Row]]:
    """Yield the events of a run in portions."""
    for file in manifest.files:
        yield from parquet.rows_of(folder / file.name)


def _check(folder: Path, file: File) -> None:
    """Raise ArchiveError when a file isn't what was said of it."""
    if _sha256(folder / file.name) != file.sha256:
        raise ArchiveError(f"{folder / file.name} is not as it was written")
    found = parquet.summed(folder / file.name)
    if (found.rows, found.digest) != (file.events, file.rows):
        raise ArchiveError(f"{folder / file.name} doesn't hold the events it was given")


def _portions(rows: Iterable[Any]) -> Iterator[list[Any]]:
    portion: list[Any] = []
    for row in rows:
        portion.append((*row[:7], bytes(row[7]), row[8]))
        if len(portion) == _PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _settle(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
