"""What the quarantine tells of gaps in the log, put together: what vanished, what came back.

Pure. Imported by the store, which reads the quarantine, and by the condition. A gap is told by the
recorder, with the place up to which everything is recorded; whoever puts entries back tells which
events those were, and their word stands in the quarantine behind the recorder's.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from data.domain.quarantine import Quarantined

BELONGS = timedelta(minutes=2)  # what is put back later than that after a gap is of another one
AT_ONCE = timedelta(seconds=10)
NAMED = 20
_PLACE = re.compile(r"\b(\d{12,14})-\d+\b")  # milliseconds since 1970, which no date looks like
_names = msgspec.json.Decoder(tuple[str, ...]).decode


class LogGap(Struct, frozen=True, kw_only=True):
    """Entries that vanished from the log before they were recorded.

    `place`: in the log, up to which everything is recorded; None where only what was put back is
    known. What vanished came in after `recorded_at` and until `until_at`, by the real clock.
    `put_back`: ids of events.
    """

    name: str
    place: str | None = None
    recorded_at: datetime | None = None
    until_at: datetime
    noticed_at: datetime
    put_back: tuple[str, ...] = ()


def gaps_of(told: Iterable[Quarantined]) -> tuple[LogGap, ...]:
    """Return the gaps of which the quarantine tells; `told`: of kind `gap`, as they were kept."""
    found: list[LogGap] = []
    for one in told:
        if not one.raw:
            _put(found, _noticed(one))
            continue
        names = _named(one)
        if found and one.received_at <= found[-1].noticed_at + BELONGS:
            known = dict.fromkeys([*found[-1].put_back, *names])
            found[-1] = replace(found[-1], put_back=tuple(known))
        else:
            found.append(
                LogGap(
                    name=one.event_id, until_at=one.received_at, noticed_at=one.received_at,
                    put_back=names,
                )
            )  # fmt: skip
    return tuple(found)


def _put(found: list[LogGap], gap: LogGap) -> None:
    """Take a gap for more of the one before when it was told right after it.

    When a log is emptied the recorder tells so twice: entries that came in since come in between.
    """
    if found and gap.noticed_at - found[-1].noticed_at <= AT_ONCE:
        until = max(found[-1].until_at, gap.until_at)
        found[-1] = replace(found[-1], until_at=until)
    else:
        found.append(gap)


def shortly(names: Sequence[str]) -> str:
    """Return the first of some names, and how many there are besides."""
    more = f" + {len(names) - NAMED}" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _noticed(told: Quarantined) -> LogGap:
    """Return the gap that a recorder told of; where the log goes on is the last place it names."""
    places = _PLACE.findall(told.reason)
    after = _PLACE.search(told.event_id)
    goes_on = _moment(places[-1]) if len(places) > 1 else told.received_at
    return LogGap(
        name=told.event_id, place=told.event_id, until_at=goes_on, noticed_at=told.received_at,
        recorded_at=_moment(after[1]) if after else None,
    )  # fmt: skip


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _named(told: Quarantined) -> tuple[str, ...]:
    """Return the ids of the events that were put back; of another version's word the first."""
    try:
        return _names(told.raw)
    except msgspec.DecodeError:
        return (told.event_id,)
