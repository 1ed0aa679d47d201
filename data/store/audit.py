"""The audit trail in SQL: append, search, walk. Nothing here changes or deletes a record.

Imported by the wiring, which hands it to `data.services.audit`. Whoever appends waits for the one
before: the chain has one end.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, RowMapping, and_, func, insert, or_, select, text

from data.domain.audit import Action, AuditRecord, Deed, Head, chained
from data.domain.scope import Scope
from data.services.audit import Search
from data.store.people_tables import audit
from data.store.scoped import process, reading

_LOCK = 0x6D70_6175  # advisory lock "mpau"
_PAGE = 2000


class AuditStore:
    """The table of records."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, deeds: Sequence[Deed], key: bytes) -> Head:
        """Put deeds at the end of the chain, whole or not at all; return its new end."""
        with process(self._engine, writes=True) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            last = select(audit.c.number, audit.c.code).order_by(audit.c.number.desc()).limit(1)
            row = connection.execute(last).first()
            head = None if row is None else Head(number=row.number, code=bytes(row.code))
            records = chained(deeds, head, key)
            connection.execute(insert(audit), [_values(record) for record in records])
        return Head(number=records[-1].number, code=records[-1].code)

    def walk(self) -> Iterator[AuditRecord]:
        """Yield every record by number, a page at a time."""
        after = 0
        while True:
            query = select(audit).where(audit.c.number > after).order_by(audit.c.number)
            with process(self._engine) as connection:
                rows = connection.execute(query.limit(_PAGE)).mappings().all()
            yield from map(_record, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1]["number"]

    def search(
        self, scope: Scope, wanted: Search, limit: int, offset: int
    ) -> tuple[list[AuditRecord], int]:
        """Return a page of the records within a scope that fit, newest first, and how many."""
        fits = and_(*_conditions(wanted))
        query = select(audit).where(fits).order_by(audit.c.number.desc())
        with reading(self._engine, scope) as connection:
            count = connection.execute(select(func.count()).select_from(audit).where(fits)).scalar()
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
        return [_record(row) for row in rows], count or 0


def _conditions(wanted: Search) -> Iterator[Any]:
    yield audit.c.site.in_(wanted.sites) | audit.c.site.is_(None)
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until
    for name in ("actor", "action", "party"):
        value = getattr(wanted, name)
        if value is not None:
            yield audit.c[name] == value
    if wanted.words:
        yield or_(
            audit.c.subject.icontains(wanted.words, autoescape=True),
            audit.c.actor.icontains(wanted.words, autoescape=True),
        )


def _values(record: AuditRecord) -> dict[str, Any]:
    deed = record.deed
    return {
        "number": record.number,
        "code": record.code,
        **{name: getattr(deed, name) for name in Deed.__struct_fields__ if name != "detail"},
        "detail": msgspec.to_builtins(deed.detail),
    }


def _record(row: RowMapping) -> AuditRecord:
    fields = {name: row[name] for name in Deed.__struct_fields__}
    deed = Deed(**fields | {"action": Action(row["action"])})
    return AuditRecord(number=row["number"], deed=deed, code=bytes(row["code"]))
