"""Reads the quarantine for people. Imported by whoever wires the pages.

Pages are found by the key (site, number), never by counting off what stands before them.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, text

from data.domain.held import Held, HeldFilter, HeldLately, Tally
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import Scope
from data.store.scoped import reading

MOST_TALLIES, MOST_REASON = 40, 2_000
_COLUMNS = (
    "SELECT number, kind, source, event_id, field, left(reason, :most_reason) AS reason,"
    " substring(raw FROM 1 FOR :most_bytes) AS raw, octet_length(raw) AS size, received_at"
    " FROM quarantine WHERE site = :site"
)
_WANTED = (
    " AND (CAST(:kind AS text) IS NULL OR kind = :kind)"
    " AND (CAST(:source AS text) IS NULL OR source = :source)"
)
_NEWEST = f"{_COLUMNS}{_WANTED} ORDER BY number DESC LIMIT :limit"
_BELOW = f"{_COLUMNS}{_WANTED} AND number < :below ORDER BY number DESC LIMIT :limit"
_ABOVE = f"{_COLUMNS}{_WANTED} AND number > :above ORDER BY number LIMIT :limit"
_ONE = f"{_COLUMNS} AND number = :number"
_TALLIES = (
    "SELECT source, kind, count(*) AS count, max(received_at) AS newest_at FROM quarantine"
    " WHERE site = :site AND received_at >= :since GROUP BY source, kind"
    " ORDER BY count(*) DESC, source, kind"
)
_SITES = (
    "SELECT site, count(*) FROM quarantine"
    " WHERE site = ANY(:sites) AND received_at >= :since GROUP BY site"
)
_FIRST = "SELECT received_at FROM quarantine WHERE site = :site ORDER BY received_at LIMIT 1"


class QuarantineStore:
    """The quarantine of all sites; a scope reads that of its own. Raises Unavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def entries(
        self, scope: Scope, site: str, wanted: HeldFilter, limit: int, most_bytes: int,
        below: int | None = None, above: int | None = None,
    ) -> list[Held]:  # fmt: skip
        """Return entries, newest first: the first below a number, or the last above one."""
        query = _NEWEST if below is None else _BELOW
        query = query if above is None else _ABOVE
        bound = {
            "site": site, "kind": wanted.kind, "source": wanted.source, "limit": limit,
            "below": below, "above": above, **_cut(most_bytes),
        }  # fmt: skip
        with reading(self._engine, scope) as connection:
            found = [_held(row) for row in connection.execute(text(query), bound).mappings()]
        return sorted(found, key=lambda one: one.number, reverse=True)

    def one(self, scope: Scope, site: str, number: int, most_bytes: int) -> Held | None:
        """Return an entry; None: the scope reaches none of that number."""
        bound = {"site": site, "number": number, **_cut(most_bytes)}
        with reading(self._engine, scope) as connection:
            row = connection.execute(text(_ONE), bound).mappings().first()
        return None if row is None else _held(row)

    def lately(self, scope: Scope, site: str, sites: Sequence[str], since: datetime) -> HeldLately:
        """Return what came in since an instant: at a site by source and kind, and at each site."""
        with reading(self._engine, scope) as connection:
            tallies = _tallies(connection, site, since)
            bound = {"sites": [*sites], "since": since}
            counted = {row[0]: row[1] for row in connection.execute(text(_SITES), bound)}
            first_at = connection.execute(text(_FIRST), {"site": site}).scalar()
        of_kinds: Counter[QuarantineKind] = Counter()
        for one in tallies:
            of_kinds[one.kind] += one.count
        return HeldLately(
            since=since, tallies=tuple(tallies[:MOST_TALLIES]), more=len(tallies) > MOST_TALLIES,
            of_kinds=of_kinds, of_sites={one: counted.get(one, 0) for one in sites},
            first_at=first_at,
        )  # fmt: skip


def _tallies(connection: Connection, site: str, since: datetime) -> list[Tally]:
    rows = connection.execute(text(_TALLIES), {"site": site, "since": since}).mappings()
    return [Tally(**{**row, "kind": QuarantineKind(row["kind"])}) for row in rows]


def _held(row: RowMapping) -> Held:
    given = dict(row)
    number, size = given.pop("number"), given.pop("size")
    given["kind"] = QuarantineKind(given["kind"])
    return Held(number=number, what=Quarantined(**given), size=size)


def _cut(most_bytes: int) -> dict[str, int]:
    return {"most_bytes": most_bytes, "most_reason": MOST_REASON}
