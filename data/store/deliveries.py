"""The outbox in SQL: moves that nobody was told of become deliveries, and these go out.

Imported by the wiring, which hands it to the notifier and to the pages that show what was
delivered. Any number of notifiers may work on it: rows are claimed for a while with `SKIP LOCKED`,
and only whoever holds the claim says what became of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    cast,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from data.domain.deliveries import LONGEST_PAUSE_S, PENDING, Delivery, DeliveryState, Topic
from data.domain.exceptions.recipients import Before
from data.domain.exceptions.records import Case, Severity, Transition
from data.domain.notices import Notice
from data.services.delivering import Claim, Room, Shut
from data.store.delivery_tables import delivery
from data.store.exception_tables import exception, exception_transition
from data.store.scoped import process
from data.store.way_states import room_of, shut_addresses, take_room

_own = delivery.c
_COLUMNS = [c for c in delivery.columns if c.name not in {"lease", "leased_until"}]
_NOT_INSERTED = frozenset({"number", "within"})
_FRESH = (DeliveryState.WAITING, DeliveryState.HELD)
_WORST = [Severity.LOW, Severity.HIGH, Severity.CRITICAL]


class Planning:
    """Moves that nobody was told of, within the transaction that plans their deliveries."""

    def __init__(self, connection: Connection, moves: list[tuple[Case, Transition]]) -> None:
        self._connection = connection
        self.moves = moves

    def told_before(self, site: str, number: int) -> dict[str, Before]:
        """Return which accounts and `way/<name>`s were told of an exception already, and what."""
        said_at = func.least(_own.due_at, func.coalesce(_own.first_at, _own.due_at))
        query = select(_own.recipient, _own.way, _own.event, said_at, _own.detail)
        query = query.where(
            _own.site == site, _own.exception == number, _own.state != DeliveryState.WITHDRAWN
        )
        found: dict[str, Before] = {}
        for recipient, way, event, at, dates in self._connection.execute(
            query.order_by(_own.number)
        ):
            key = recipient or f"way/{way}"
            known = found.get(key, Before(at=at, events=frozenset(), dates={}))
            found[key] = Before(
                at=max(at, known.at), events=known.events | {event}, dates={**known.dates, **dates}
            )
        return found

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Keep deliveries; those that there are already stay as they are. Return how many came."""
        return insert_deliveries(self._connection, deliveries)

    def note(self, case: Case, recipient: str, dates: Mapping[str, str], now: datetime) -> None:
        """Note which dates what waits for somebody will tell: the words are made when it goes."""
        waits = and_(
            _own.site == case.site, _own.exception == case.number, _own.recipient == recipient,
            _own.due_at > now, _own.attempts == 0,
        )  # fmt: skip
        said = _own.detail.op("||")(cast(dict(dates), JSONB))
        self._connection.execute(update(delivery).where(waits).values(detail=said))

    def settle(self, moves: Sequence[Transition]) -> None:
        """Note of moves that everybody who is to hear of them has a delivery."""
        table = exception_transition.c
        keys = [(one.site, one.number, one.version) for one in moves]
        known = tuple_(table.site, table.number, table.version).in_(keys)
        self._connection.execute(update(exception_transition).where(known).values(told=True))


class DeliveryStore:
    """The outbox of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def planning(self, limit: int) -> Iterator[Planning]:
        """Take moves that nobody was told of, oldest first; no other notifier gets them."""
        table = exception_transition.c
        query = (
            select(exception_transition, exception.c.document)
            .join(
                exception,
                and_(exception.c.site == table.site, exception.c.number == table.number),
            )
            .where(~table.told)
            .order_by(table.at, table.site, table.number, table.version)
            .limit(limit)
            .with_for_update(of=exception_transition, skip_locked=True)
        )
        with process(self._engine, writes=True) as connection:
            rows = connection.execute(query).mappings().all()
            moves = [(_case(row), _transition(row)) for row in rows]
            yield Planning(connection, moves)

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Keep deliveries of something else than an exception; return how many are new."""
        with process(self._engine, writes=True) as connection:
            return insert_deliveries(connection, deliveries)

    def ripe(self, now: datetime) -> list[str]:
        """Return the ways on which something is due."""
        query = select(_own.way).distinct().where(_ripe(now))
        with process(self._engine) as connection:
            return sorted(connection.execute(query).scalars())

    def take(self, way: str, most: int, room: Room, claim: Claim) -> list[Delivery]:
        """Claim what is due on a way, as much as it has room for; fold it where that helps.

        Whoever claims has until the claim ends. The room is taken with it, also by those that
        fail. What cannot all go out, or waited to be gathered, becomes one digest a recipient.
        """
        with process(self._engine, writes=True) as connection:
            free = room_of(connection, way, room, claim.now)
            if free <= 0:
                return []
            due = connection.execute(
                select(func.count()).select_from(delivery).where(_own.way == way, _ripe(claim.now))
            ).scalar_one()
            _fold(connection, way, claim.now, everything=due > free)
            taken = _claim(connection, way, min(most, free), claim)
            take_room(connection, way, room, claim.now, len(taken))
            return taken

    def shut(self, way: str) -> Shut:
        """Return which addresses of a way take nothing any more, with the reason."""
        with process(self._engine) as connection:
            return shut_addresses(connection, way)

    def members(self, digest: Delivery) -> list[Delivery]:
        """Return what a digest tells, oldest first."""
        query = select(*_COLUMNS).where(_own.site == digest.site, _own.within == digest.number)
        return self._read(query.order_by(_own.number))

    def keep_notice(self, one: Delivery, notice: Notice, claim: Claim) -> Notice | None:
        """Keep what is about to be said, and return it as every attempt says it.

        As it was kept, for SQL orders a document its own way. None: the claim is another's by now.
        """
        kept = _claimed(one, claim).values(notice=msgspec.to_builtins(notice))
        with process(self._engine, writes=True) as connection:
            found = connection.execute(kept.returning(_own.notice)).scalar()
        return None if found is None else msgspec.convert(found, Notice)

    def finish(self, one: Delivery, claim: Claim, instead: Delivery | None = None) -> bool:
        """Keep what became of a delivery, and end the claim; `instead`: goes another way now.

        False, and nothing is kept, when the claim is another's by now.
        """
        values = {
            "state": one.state, "due_at": one.due_at, "answer": one.answer,
            "done_at": one.done_at, "lease": None, "leased_until": None,
        }  # fmt: skip
        with process(self._engine, writes=True) as connection:
            if connection.execute(_claimed(one, claim).values(values)).rowcount != 1:
                return False
            if instead is not None:
                _insert_instead(connection, one, instead)
            return True

    def of(self, site: str, number: int) -> list[Delivery]:
        """Return every delivery of an exception, oldest first; a folded one as its digest did."""
        folded = delivery.alias("digest")
        query = (
            select(*_COLUMNS, folded.c.state.label("as_state"), folded.c.answer.label("as_answer"),
                   folded.c.attempts.label("as_attempts"), folded.c.done_at.label("as_done"))
            .outerjoin(folded, and_(folded.c.site == _own.site, folded.c.number == _own.within))
            .where(_own.site == site, _own.exception == number)
            .order_by(_own.number)
        )  # fmt: skip
        with process(self._engine) as connection:
            return [_shown(row) for row in connection.execute(query).mappings()]

    def told(self, recipient: str, limit: int) -> list[Delivery]:
        """Return what somebody was told of in the program itself, newest first."""
        query = select(*_COLUMNS).where(_own.recipient == recipient, _own.way == "in-app")
        return self._read(query.order_by(_own.planned_at.desc(), _own.number.desc()).limit(limit))

    def counts(self) -> dict[DeliveryState, int]:
        """Return how many there are in each state that still is to go out."""
        query = select(_own.state, func.count()).where(_own.state.in_(PENDING)).group_by(_own.state)
        with process(self._engine) as connection:
            found = {state: count for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in sorted(PENDING)}

    def forget(self, before: datetime) -> int:
        """Drop what was done with before an instant."""
        old = and_(_own.state.not_in(PENDING), _own.planned_at < before)
        with process(self._engine, writes=True) as connection:
            return connection.execute(delete(delivery).where(old)).rowcount

    def _read(self, query: Select[Any]) -> list[Delivery]:
        with process(self._engine) as connection:
            return [_delivery(row) for row in connection.execute(query).mappings()]


def _ripe(now: datetime) -> Any:
    """Return the condition that something is due and nobody's; a clock that was set back frees."""
    lease, due = _own.leased_until, _own.due_at
    beyond = now + timedelta(seconds=LONGEST_PAUSE_S * 2)
    overdue = or_(due <= now, and_(_own.state == DeliveryState.FAILED, due > beyond))
    nobodys = or_(lease.is_(None), lease <= now, lease > beyond)
    return and_(_own.state.in_(PENDING), overdue, nobodys)


def _claim(connection: Connection, way: str, most: int, claim: Claim) -> list[Delivery]:
    due = (
        select(_own.site, _own.number)
        .where(_own.way == way, _ripe(claim.now))
        .order_by(_own.due_at, _own.number)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(delivery)
        .where(_own.site == due.c.site, _own.number == due.c.number)
        .values(
            lease=claim.token,
            leased_until=claim.until,
            attempts=_own.attempts + 1,
            first_at=func.coalesce(_own.first_at, claim.now),
        )
        .returning(*_COLUMNS)
    )
    rows = connection.execute(taken).mappings()
    return sorted(map(_delivery, rows), key=lambda one: (one.due_at, one.number))


def _fold(connection: Connection, way: str, now: datetime, *, everything: bool) -> None:
    """Fold what one recipient has more than one of, where it was to be gathered or must be."""
    key = (_own.site, _own.recipient, _own.address)
    fresh = and_(
        _own.way == way, _ripe(now), _own.state.in_(_FRESH), _own.attempts == 0,
        _own.topic == Topic.EXCEPTION,
    )  # fmt: skip
    groups = select(*key).where(fresh).group_by(*key).having(func.count() > 1)
    if not everything:
        groups = groups.having(func.bool_or(_own.gather))
    for site, recipient, address in connection.execute(groups).all():
        of_one = and_(
            fresh, _own.site == site, _own.recipient == recipient, _own.address == address
        )
        query = select(*_COLUMNS).where(of_one).order_by(_own.number)
        rows = connection.execute(query.with_for_update(skip_locked=True)).mappings()
        members = [_delivery(row) for row in rows]
        if len(members) > 1:
            _into_digest(connection, members, now)


def _into_digest(connection: Connection, members: Sequence[Delivery], now: datetime) -> None:
    first, last = members[0], members[-1]
    event = f"{first.number}-{last.number}"
    digest = replace(
        first, event=event, subject="digest", topic=Topic.DIGEST, news="", exception=None,
        severity=max((one.severity for one in members if one.severity), key=_WORST.index),
        state=DeliveryState.WAITING, gather=False, planned_at=now, due_at=now,
        happened_at=last.happened_at,
        mentions=tuple(dict.fromkeys(name for one in members for name in one.mentions)),
    )  # fmt: skip
    (number,) = _inserted(connection, [digest])
    _move(connection, first.site, [one.number for one in members], number)


def _move(connection: Connection, site: str, members: Sequence[int], digest: int) -> None:
    folded = update(delivery).where(_own.site == site, _own.number.in_(members))
    connection.execute(folded.values(state=DeliveryState.FOLDED, within=digest))


def insert_deliveries(connection: Connection, deliveries: Sequence[Delivery]) -> int:
    """Insert deliveries within a transaction of the caller's, each once; return how many."""
    return len(_inserted(connection, deliveries))


def _inserted(connection: Connection, deliveries: Sequence[Delivery]) -> list[int]:
    """Insert deliveries in the order of their keys, so that no two writers wait crosswise."""
    if not deliveries:
        return []
    rows = sorted((_row(one) for one in deliveries), key=_key)
    made = insert(delivery).values(rows).on_conflict_do_nothing().returning(_own.number)
    return list(connection.execute(made).scalars())


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    names = ("site", "subject", "event", "recipient", "way", "address")
    return tuple(row[name] for name in names)


def _insert_instead(connection: Connection, one: Delivery, instead: Delivery) -> None:
    """Insert what goes another way; what a digest told goes with it."""
    numbers = _inserted(connection, [instead])
    if numbers and one.topic is Topic.DIGEST:
        members = select(_own.number).where(_own.site == one.site, _own.within == one.number)
        _move(connection, one.site, list(connection.execute(members).scalars()), numbers[0])


def _claimed(one: Delivery, claim: Claim) -> Any:
    return update(delivery).where(
        _own.site == one.site, _own.number == one.number, _own.lease == claim.token
    )


def _row(one: Delivery) -> dict[str, Any]:
    names = (name for name in one.__struct_fields__ if name not in _NOT_INSERTED)
    row = {name: getattr(one, name) for name in names}
    notice = None if one.notice is None else msgspec.to_builtins(one.notice)
    others = msgspec.to_builtins(one.others)
    return {**row, "notice": notice, "others": others, "mentions": list(one.mentions),
            "detail": dict(one.detail)}  # fmt: skip


def _delivery(row: RowMapping) -> Delivery:
    known = {name: row[name] for name in Delivery.__struct_fields__}
    return msgspec.convert(known, Delivery)


def _case(row: RowMapping) -> Case:
    return msgspec.convert({**row["document"], "number": row["number"]}, Case)


def _transition(row: RowMapping) -> Transition:
    return msgspec.convert({n: row[n] for n in Transition.__struct_fields__}, Transition)


def _shown(row: RowMapping) -> Delivery:
    one = _delivery(row)
    if row["as_state"] is None:
        return one
    return replace(
        one, state=DeliveryState(row["as_state"]), answer=row["as_answer"],
        attempts=row["as_attempts"], done_at=row["as_done"],
    )  # fmt: skip
