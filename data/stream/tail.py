"""What the log still holds, in a file, and back into an empty log.

Imported by `data.commands.backup`. What SQL has of it too is dropped on the way back, by the
place in the log up to which it is recorded, and by identity.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from data.domain.events import Event
from data.services.ports import Claim, Entry, seq_of
from data.stream.log import EventLog

_CHUNK = 2000
_event = msgspec.json.Decoder(Event).decode


class Kept(Struct, frozen=True):
    """One entry of a site's log. `digest`: None for what was put aside."""

    site: str
    epoch: str
    offset: str
    payload: bytes
    digest: bytes | None


def write(log: EventLog, file: Path) -> int:
    """Write every entry that the logs of all sites hold; return how many.

    Raises: Unavailable.
    """
    count = 0
    file.touch(mode=0o600)
    with file.open("wb") as out:
        for site in sorted(log.sites()):
            for kept in _entries(log, site):
                out.write(msgspec.json.encode(kept) + b"\n")
                count += 1
    return count


def read(file: Path) -> Mapping[str, list[Kept]]:
    """Return the entries of a file by site, in their order."""
    by_site: dict[str, list[Kept]] = {}
    with file.open("rb") as lines:
        for line in lines:
            kept = msgspec.json.decode(line, type=Kept)
            by_site.setdefault(kept.site, []).append(kept)
    return by_site


def unrecorded(kept: Sequence[Kept], epoch: str, after: str) -> list[Kept]:
    """Return what SQL hasn't, whose recorder was at `after` in the log's `epoch`."""
    return [one for one in kept if one.epoch != epoch or seq_of(one.offset) > seq_of(after)]


def claims_of(kept: Sequence[Kept]) -> tuple[list[Claim], list[bytes]]:
    """Return the events among entries, and what was put aside or is none."""
    claims, aside = [], []
    for one in kept:
        try:
            if one.digest is None:
                aside.append(one.payload)
            else:
                event = _event(one.payload)
                claims.append(Claim(event.source, event.id, one.digest, one.payload))
        except msgspec.DecodeError:
            aside.append(one.payload)
    return claims, aside


def append(log: EventLog, site: str, claims: Sequence[Claim], aside: Sequence[bytes]) -> int:
    """Put entries at the end of a site's log; return how many events were new to it.

    Raises: Cold, Overloaded, Unavailable.
    """
    new = 0
    for first in range(0, len(claims), _CHUNK):
        outcomes = log.append(site, claims[first : first + _CHUNK])
        new += outcomes.count("accepted")
    log.append_quarantined(site, aside)
    log.announce(site)
    return new


def _entries(log: EventLog, site: str) -> Iterator[Kept]:
    epoch, after = log.epoch(site) or "", "0-0"
    while entries := log.read(site, after, _CHUNK, None):
        for entry in entries:
            yield _kept(site, epoch, entry)
        after = entries[-1].offset


def _kept(site: str, epoch: str, entry: Entry) -> Kept:
    return Kept(site, epoch, entry.offset, entry.payload, entry.digest)
