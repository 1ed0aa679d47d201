"""Keeps exceptions: a case changes only for whoever has seen its newest version.

Every move is kept in the same transaction as what it changed. Imported by the wiring, which hands
this to the watch, the desk and the notifier.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import (
    case as sql_case,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from data.domain.exceptions.evidence import Asked, Evidence
from data.domain.exceptions.records import Case, Move, Note, Severity, State, Transition
from data.domain.exceptions.search import CaseFilter, Change, Found, Kept
from data.domain.scope import Scope
from data.services.staleness import EXCEPTION
from data.store.exception_evidence import evidence_of
from data.store.exception_tables import (
    exception,
    exception_mark,
    exception_note,
    exception_rule,
    exception_transition,
)
from data.store.scoped import reading, whole, writing
from data.store.stale import mark_now

_PLAIN = (
    "site", "number", "rule", "kind", "subject", "severity", "state", "standing", "version",
    "since", "raised_at", "cleared_at", "closed_at", "acknowledged_at", "parent", "owner_role",
    "owner", "level", "escalate_at", "shelved_until",
)  # fmt: skip
_WORST = sql_case({Severity.CRITICAL: 0, Severity.HIGH: 1}, value=exception.c.severity, else_=2)
_SEARCHED = ("rule", "kind", "area", "work_center", "work_unit", "owner", "owner_role", "severity")


class ExceptionStore:
    """The exceptions of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, site: str) -> list[Case]:
        """Return every exception that isn't closed."""
        query = select(exception.c.number, exception.c.document).where(
            exception.c.site == site, exception.c.state != State.CLOSED
        )
        return self._cases(query, whole(site))

    def ever(self, site: str) -> bool:
        """Whether a site has ever had an exception."""
        query = select(exception.c.number).where(exception.c.site == site).limit(1)
        with reading(self._engine, whole(site)) as connection:
            return connection.execute(query).first() is not None

    def case(self, site: str, number: int, scope: Scope | None = None) -> Case | None:
        """Return one exception, if the scope reaches it; without one, the whole site's does."""
        query = select(exception.c.number, exception.c.document).where(
            exception.c.site == site, exception.c.number == number
        )
        return next(iter(self._cases(query, scope or whole(site))), None)

    def cases(self, site: str, numbers: Sequence[int]) -> list[Case]:
        """Return exceptions by number; those that there aren't are left out."""
        query = select(exception.c.number, exception.c.document).where(
            exception.c.site == site, exception.c.number.in_(list(numbers))
        )
        return self._cases(query, whole(site))

    def keep(self, site: str, changes: Sequence[Change], tell_watch: bool = False) -> Kept:
        """Keep changes in one transaction, each if nobody else has changed the case meanwhile.

        `tell_watch`: mark the cases for the watch, which publishes them.
        """
        done: list[Case] = []
        lost: list[Change] = []
        numbers: dict[int, int] = {}
        with writing(self._engine, whole(site)) as connection:
            for index, change in enumerate(changes):
                kept = self._keep(connection, change, numbers)
                if kept is None:
                    lost.append(change)
                    continue
                numbers[index] = kept.number
                done.append(kept)
            if tell_watch and done:
                mark_now(connection, site, EXCEPTION, [str(case.number) for case in done])
        return Kept(done=tuple(done), lost=tuple(lost))

    def search(self, site: str, wanted: CaseFilter, limit: int, offset: int) -> Found:
        """Return a page of what is looked for: open before closed, worst and newest first."""
        where = _where(site, wanted)
        query = (
            select(exception.c.number, exception.c.document)
            .where(where)
            .order_by(
                exception.c.state == State.CLOSED, _WORST, exception.c.raised_at.desc(),
                exception.c.number.desc(),
            )
            .limit(limit)
            .offset(offset)
        )  # fmt: skip
        with reading(self._engine, whole(site)) as connection:
            total = connection.execute(
                select(func.count()).select_from(exception).where(where)
            ).scalar_one()
            cases = tuple(_case(*row) for row in connection.execute(query))
        return Found(cases=cases, total=total)

    def evidence(self, site: str, asked: Asked) -> Evidence:
        """Return what is recorded of what an exception was raised from."""
        with reading(self._engine, whole(site)) as connection:
            return evidence_of(connection, site, asked)

    def transitions(self, site: str, number: int) -> list[Transition]:
        """Return the moves of an exception, oldest first."""
        table = exception_transition.c
        query = (
            select(exception_transition)
            .where(table.site == site, table.number == number)
            .order_by(table.version)
        )
        with reading(self._engine, whole(site)) as connection:
            return [_transition(row) for row in connection.execute(query).mappings()]

    def notes(self, site: str, number: int, scope: Scope | None = None) -> list[Note]:
        """Return an exception's thread as far as the scope reaches, oldest first."""
        table = exception_note.c
        query = (
            select(exception_note)
            .where(table.site == site, table.exception == number)
            .order_by(table.number)
        )
        with reading(self._engine, scope or whole(site)) as connection:
            return [_note(row) for row in connection.execute(query).mappings()]

    def add_note(self, site: str, note: Note) -> None:
        """Put a comment at the end of a thread; its own number is given here."""
        row = {
            "site": site, "exception": note.case, "at": note.at, "author": note.author,
            "name": note.name, "words": note.words, "party": note.party,
        }  # fmt: skip
        with writing(self._engine, whole(site)) as connection:
            connection.execute(insert(exception_note).values(row))
            mark_now(connection, site, EXCEPTION, [str(note.case)])

    def mark(self, site: str, number: int, account: str, useful: bool, at: datetime) -> None:
        """Keep whether someone found an exception worth being told of; the last word counts."""
        row = {"site": site, "exception": number, "account": account, "useful": useful, "at": at}
        statement = upsert(exception_mark).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["site", "exception", "account"], set_={"useful": useful, "at": at}
        )
        with writing(self._engine, whole(site)) as connection:
            connection.execute(statement)

    def marks(self, site: str, number: int) -> dict[str, bool]:
        """Return by account whether it found an exception useful."""
        table = exception_mark.c
        query = select(table.account, table.useful).where(
            table.site == site, table.exception == number
        )
        with reading(self._engine, whole(site)) as connection:
            return {account: useful for account, useful in connection.execute(query)}

    def rules(self, site: str) -> dict[str, tuple[dict[str, Any], int]]:
        """Return the rules in which a site differs, by id: document and version."""
        table = exception_rule.c
        query = select(table.id, table.document, table.version).where(table.site == site)
        with reading(self._engine, whole(site)) as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    def keep_rule(
        self, site: str, rule: str, document: Mapping[str, Any], was: int, actor: str, at: datetime
    ) -> bool:
        """Keep a site's own rule if it was at version `was` (0: none); say whether it was."""
        row = {
            "site": site, "id": rule, "document": dict(document), "version": was + 1,
            "changed_by": actor, "changed_at": at,
        }  # fmt: skip
        statement = upsert(exception_rule).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["site", "id"], set_=row, where=exception_rule.c.version == was
        )
        kept = statement.returning(exception_rule.c.version)
        with writing(self._engine, whole(site)) as connection:
            return connection.execute(kept).scalar() is not None

    def _keep(
        self, connection: Connection, change: Change, numbers: Mapping[int, int]
    ) -> Case | None:
        case = change.case
        if change.inside_of is not None:
            case = replace(case, parent=numbers.get(change.inside_of, case.parent))
        kept = _begun(connection, case) if change.was == 0 else _changed(connection, case, change)
        if kept is not None:
            said = replace(change.transition, number=kept.number)
            row = {**_transition_row(said), "told": kept.quiet and said.move is Move.RAISE}
            connection.execute(insert(exception_transition).values(row))
        return kept

    def _cases(self, query: Select[Any], scope: Scope) -> list[Case]:
        with reading(self._engine, scope) as connection:
            return [_case(*row) for row in connection.execute(query)]


def _begun(connection: Connection, case: Case) -> Case | None:
    """Insert a new case; None when one of the same rule and subject is open already."""
    row = {name: value for name, value in _row(case).items() if name != "number"}
    statement = upsert(exception).values(row).on_conflict_do_nothing().returning(exception.c.number)
    number = connection.execute(statement).scalar()
    return None if number is None else replace(case, number=number)


def _changed(connection: Connection, case: Case, change: Change) -> Case | None:
    table = exception.c
    statement = (
        update(exception)
        .where(
            table.site == case.site, table.number == case.number, table.version == change.was
        )
        .values({name: value for name, value in _row(case).items() if name != "number"})
    )  # fmt: skip
    return case if connection.execute(statement).rowcount == 1 else None


def _row(case: Case) -> dict[str, Any]:
    place = case.place
    return {
        **{name: getattr(case, name) for name in _PLAIN},
        "area": place.area,
        "work_center": place.work_center,
        "work_unit": place.work_unit,
        "order_id": place.order,
        "parties": sorted(case.parties),
        "document": msgspec.to_builtins(case),
    }


def _case(number: int, document: dict[str, Any]) -> Case:
    return msgspec.convert({**document, "number": number}, Case)


def _where(site: str, wanted: CaseFilter) -> Any:
    table = exception.c
    equal = {name: getattr(wanted, name) for name in _SEARCHED} | {"order_id": wanted.order}
    terms = [table[name] == value for name, value in equal.items() if value is not None]
    if wanted.states:
        terms.append(table.state.in_(wanted.states))
    if wanted.concerns is not None:
        told = table.document["informs"].contains([wanted.concerns])
        terms.append(or_(table.owner_role == wanted.concerns, told))
    if wanted.party is not None:
        terms.append(literal(wanted.party) == table.parties.any_())
    if wanted.text:
        terms.append(_says(wanted.text))
    return and_(table.site == site, *terms, *_between(wanted), *_standing_in(wanted))


def _between(wanted: CaseFilter) -> Iterator[Any]:
    table = exception.c
    if wanted.since is not None:
        yield or_(table.closed_at.is_(None), table.closed_at >= wanted.since)
    if wanted.until is not None:
        yield table.raised_at < wanted.until


def _standing_in(wanted: CaseFilter) -> Iterator[Any]:
    if wanted.parent is not None:
        yield exception.c.parent == wanted.parent
    elif wanted.top:
        yield exception.c.parent.is_(None)


def _says(words: str) -> Any:
    table = exception.c
    number = words.removeprefix("E-").removeprefix("e-")
    if number.isdecimal() and len(number) < 19:
        return or_(table.number == int(number), table.order_id.contains(words, autoescape=True))
    return or_(
        *(
            column.icontains(words, autoescape=True)
            for column in (table.subject, table.rule, table.owner_role)
        )
    )


def _transition_row(transition: Transition) -> dict[str, Any]:
    row = {name: getattr(transition, name) for name in transition.__struct_fields__}
    return {**row, "detail": msgspec.to_builtins(transition.detail)}


def _transition(row: Mapping[Any, Any]) -> Transition:
    before = row["before"]
    return Transition(
        site=row["site"],
        number=row["number"],
        version=row["version"],
        move=Move(row["move"]),
        before=None if before is None else State(before),
        after=State(row["after"]),
        actor=row["actor"],
        at=row["at"],
        words=row["words"],
        detail=row["detail"],
    )


def _note(row: Mapping[Any, Any]) -> Note:
    return Note(
        number=row["number"],
        case=row["exception"],
        at=row["at"],
        author=row["author"],
        name=row["name"],
        words=row["words"],
        party=row["party"],
    )
