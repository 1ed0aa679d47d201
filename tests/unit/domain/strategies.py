"""Hypothesis strategies for progress events of every type, and what tests fold with them.

`events(site)` draws one event, `streams()` a whole log of distinct identities with late
events, ties and voids of all kinds. The pools are small on purpose: things must collide.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from data.domain.board import Board
from data.domain.events import (
    Data,
    Event,
    EventType,
    WorkUnitState,
    need_subject,
    operation_subject,
    order_subject,
    site_subject,
    work_unit_subject,
)
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.site import (
    Area,
    Calendar,
    Party,
    PartyKind,
    Shift,
    Site,
    SiteClock,
    WorkCenter,
    WorkUnit,
)
from data.domain.subjects import Fold

SITE = "plant"
START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
RECORDED = START + timedelta(days=1)
SOURCES = ("mes", "scanner")
ORDERS = ("SO-1", "SO-2")
STEPS = ("10", "20")
UNITS = ("W1", "W2")

minutes = st.integers(0, 8).map(lambda n: START + timedelta(minutes=10 * n))
pieces = st.integers(0, 3)
reasons = st.none() | st.sampled_from(["jam", "no part"])
units = st.none() | st.sampled_from(UNITS)
operation_subjects = st.builds(operation_subject, st.sampled_from(ORDERS), st.sampled_from(STEPS))
need_subjects = st.builds(need_subject, st.sampled_from(ORDERS), st.sampled_from(["n1"]))
unit_subjects = st.sampled_from(UNITS).map(work_unit_subject)

_OPERATION_TYPES = (
    EventType.OPERATION_STARTED,
    EventType.OPERATION_PROGRESSED,
    EventType.OPERATION_PAUSED,
    EventType.OPERATION_RESUMED,
    EventType.OPERATION_COMPLETED,
    EventType.OPERATION_REOPENED,
)


def site_documents(site: str = SITE) -> st.SearchStrategy[Site]:
    """Draw models of one site."""
    shift = st.builds(
        Shift,
        name=st.just("early"),
        start=st.sampled_from(["06:00", "22:00"]),
        finish=st.sampled_from(["05:00", "14:00", "24:00"]),
        days=st.just((1, 2, 3)),
    )
    calendar = st.builds(
        Calendar,
        id=st.just("two-shift"),
        shifts=st.tuples(shift),
        holidays=st.sampled_from([(), ("2026-12-25",)]),
    )
    clock = st.builds(
        SiteClock, origin=minutes, started_at=minutes, rate=st.floats(0.5, 60.0), ends_at=st.none()
    )
    return st.builds(
        Site,
        id=st.just(site),
        name=st.sampled_from(["Plant", "工厂"]),
        timezone=st.sampled_from(["UTC", "Asia/Shanghai"]),
        areas=st.just((Area(id="A", calendar="two-shift", output=("C",)),)),
        work_centers=st.just((WorkCenter(id="C", area="A"),)),
        work_units=st.just(tuple(WorkUnit(id=unit, work_center="C") for unit in UNITS)),
        calendars=st.tuples(calendar),
        parties=st.just((Party(id="P1", name="Parts", kind=PartyKind.SUPPLIER),)),
        clock=st.none() | clock,
    )


@st.composite
def order_documents(draw: st.DrawFn, order: str | None = None) -> Order:
    """Draw the plan of one order."""
    start = draw(minutes)
    finish = start + timedelta(hours=1)
    steps = STEPS[: draw(st.integers(0, len(STEPS)))]
    operations = tuple(
        Operation(id=step, work_center="C", planned_start=start, planned_finish=finish)
        for step in steps
    )
    milestones = tuple(
        Milestone(id="m1", name="first", operation=step, baseline_at=finish) for step in steps[:1]
    )
    needs = tuple(
        MaterialNeed(id="n1", part="P", operation=step, supplier="P1", quantity=5, need_by=start)
        for step in steps[:1]
    )
    return Order(
        id=order or draw(st.sampled_from(ORDERS)),
        product=draw(st.sampled_from(["pump", "valve"])),
        quantity=draw(st.integers(1, 50)),
        due_at=finish,
        cancelled=draw(st.booleans()),
        operations=operations,
        milestones=milestones,
        needs=needs,
    )


def operation_bodies() -> st.SearchStrategy[tuple[EventType, str, Data]]:
    """Draw type, subject and data of operation events and inspections."""
    counted = {"work_unit": units, "scrap": pieces, "rework": pieces, "reason": reasons}
    inspection = st.integers(0, 5).flatmap(
        lambda n: st.builds(Data, inspected=st.just(n), passed=st.integers(0, n), **counted)
    )
    return st.tuples(
        st.sampled_from(_OPERATION_TYPES),
        operation_subjects,
        st.builds(Data, good=pieces, **counted),
    ) | st.tuples(st.just(EventType.QUALITY_INSPECTED), operation_subjects, inspection)


def unit_bodies() -> st.SearchStrategy[tuple[EventType, str, Data]]:
    """Draw type, subject and data of work-unit events; few states, so that runs form."""
    states = [WorkUnitState.PROCESSING, WorkUnitState.DOWN]
    return st.tuples(
        st.just(EventType.WORK_UNIT_STATE_CHANGED),
        unit_subjects,
        st.builds(
            Data,
            state=st.sampled_from(states),
            reason=reasons,
            operation=st.none() | operation_subjects,
        ),
    )


def need_bodies() -> st.SearchStrategy[tuple[EventType, str, Data]]:
    """Draw type, subject and data of material events."""
    promised = st.builds(Data, promised_at=minutes, quantity=pieces, reason=reasons)
    moved = st.builds(
        Data, quantity=pieces, dispatch_advice=st.none() | st.sampled_from(["D1", "D2"])
    )
    moves = st.sampled_from([EventType.MATERIAL_SHIPPED, EventType.MATERIAL_RECEIVED])
    return st.tuples(st.just(EventType.MATERIAL_PROMISED), need_subjects, promised) | st.tuples(
        moves, need_subjects, moved
    )


def plan_bodies(site: str = SITE) -> st.SearchStrategy[tuple[EventType, str, Data]]:
    """Draw type, subject and data of plans and site models."""
    return order_documents().map(
        lambda order: (EventType.PLAN_CHANGED, order_subject(order.id), Data(order=order))
    ) | site_documents(site).map(
        lambda model: (EventType.PLAN_CHANGED, site_subject(site), Data(site=model))
    )


def void_bodies(
    targets: Sequence[tuple[str, str, str]], site: str = SITE
) -> st.SearchStrategy[tuple[EventType, str, Data]]:
    """Draw voids of `(subject, source, id)` targets, of none that ever comes, and astray ones."""
    anywhere = operation_subjects | unit_subjects | st.just(site_subject(site))
    named = st.sampled_from([*targets, (operation_subject("SO-1", "10"), "mes", "never")])
    aimed = named.map(lambda t: (EventType.EVENT_VOIDED, t[0], _void(t[1], t[2])))
    astray = st.tuples(named, anywhere).map(
        lambda pair: (EventType.EVENT_VOIDED, pair[1], _void(pair[0][1], pair[0][2]))
    )
    return st.one_of(aimed, aimed, aimed, astray)


def _void(source: str, event_id: str) -> Data:
    return Data(event_id=event_id, event_source=source)


def bodies(site: str = SITE) -> st.SearchStrategy[tuple[EventType, str, Data]]:
    """Draw type, subject and data of anything but a void."""
    return operation_bodies() | unit_bodies() | need_bodies() | plan_bodies(site)


@st.composite
def events(draw: st.DrawFn, site: str = SITE) -> Event:
    """Draw one event of any type."""
    source, event_id = draw(st.sampled_from(SOURCES)), f"e{draw(st.integers(0, 99))}"
    event_type, subject, data = draw(bodies(site) | void_bodies((), site))
    return Event(event_id, source, event_type, subject, draw(minutes), RECORDED, data)


@st.composite
def streams(draw: st.DrawFn, site: str = SITE, most: int = 14) -> list[Event]:
    """Draw a log: distinct identities in the order of arrival, whatever their times."""
    pairs = st.tuples(st.sampled_from(SOURCES), st.integers(0, 9).map(lambda n: f"e{n}"))
    identities = draw(st.lists(pairs, min_size=1, max_size=most, unique=True))
    voids = draw(st.integers(0, len(identities) // 2))
    told = [(*i, *draw(bodies(site))) for i in identities[voids:]]
    targets = [(subject, source, event_id) for source, event_id, _, subject, _ in told]
    targets += [(site_subject(site), *identity) for identity in identities[:voids]]
    told += [(*i, *draw(void_bodies(targets, site))) for i in identities[:voids]]
    log = [
        Event(event_id, source, event_type, subject, draw(minutes), RECORDED, data)
        for source, event_id, event_type, subject, data in told
    ]
    return draw(st.permutations(log))


def fold(log: Iterable[Event], site: str = SITE) -> Board:
    """Fold a log into a new board."""
    board = Board(site)
    for event in log:
        board.apply(event)
    return board


def restored_from(board: Board) -> Board:
    """Return a board restored from another's outcome, as from SQL: bases and no ledger."""
    again = Board(board.site_id)
    again.restore(state.as_base() for state in states_of(board))
    again.output = {key: list(counted) for key, counted in board.output.items()}
    again.output_from = board.output_from
    again.voided = set(board.voided)
    again.void_subjects = {i: set(subjects) for i, subjects in board.void_subjects.items()}
    again.unmet_voids = set(board.unmet_voids)
    again.last_event_at = board.last_event_at
    return again


def follow(board: Board, recorded: Sequence[Event], tail: Iterable[Event]) -> int:
    """Fold a tail onto a board that stands on `recorded`; return how often it lacked a ledger."""
    thickened = 0
    for event in tail:
        if board.lacks(event):
            thickened += 1
            board.thicken(event.subject, recorded)
        board.apply(event)
    return thickened


def follow_resting(board: Board, log: Sequence[Event], rests: Iterable[int]) -> None:
    """Fold a log as a reader does that lets go, at these places, of what is recorded by then.

    What it fetches is what SQL gives: of one subject, without what is void.
    """
    places = set(rests)
    for place, event in enumerate(log):
        if board.lacks(event):
            board.thicken(event.subject, recorded_of(log[:place], event.subject))
        board.apply(event)
        if place in places:
            board.rest(log[: place + 1])


def recorded_of(log: Iterable[Event], subject: str) -> list[Event]:
    """Return the recorded events of one subject that aren't void, each once."""
    found = {(event.source, event.id): event for event in log if event.subject == subject}
    voided = {
        (event.data.event_source or event.source, event.data.event_id)
        for event in found.values()
        if event.type is EventType.EVENT_VOIDED
    }
    return [event for identity, event in found.items() if identity not in voided]


def states_of(board: Board) -> list[Fold]:
    """Return every state on a board, the site's own only when it is known."""
    known = [board.site_state] if board.site_state.moment is not None else []
    tables = (board.orders, board.operations, board.needs, board.work_units)
    return [*known, *(state for table in tables for state in table.values())]


def state_of(board: Board) -> dict[str, Any]:
    """Return everything that a viewer can see of a board, to compare."""
    subjects = {
        state.subject: {name: getattr(state, name) for name in state.stored}
        for state in states_of(board)
    }
    for subject, operation in board.operations.items():
        subjects[subject] |= {"status": operation.status, "finished_at": operation.finished_at}
    return {
        "subjects": subjects,
        "site": board.site,
        "plans": {plan.id: plan for plan in board.plans()},
        "completed": {plan.id for plan in board.plans() if board.completed(plan)},
        "output": board.output,
        "voided": board.voided,
        "last_event_at": board.last_event_at,
    }
