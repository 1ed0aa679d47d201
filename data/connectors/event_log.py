"""An event log in CSV as a site, its orders and its progress events, in order of time.

Rows are runs: several people and machines may work on one operation, one after the other
or at once. An operation is one activity of one order however often the log returns to it;
`docs/replay.md` says why. Used by `data.connectors.replay` and `app.py`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from data.connectors.event_log_plan import Route, Work, derive_orders, derive_site, routes_of
from data.connectors.event_log_rows import LogError, RowError, Run, read_rows
from data.connectors.mapping import Known, Mapping
from data.domain.events import (
    EventType,
    WorkUnitState,
    operation_subject,
    order_subject,
    work_unit_subject,
)
from data.domain.plan import Order
from data.domain.plan_rules import PlanRules
from data.domain.site import Site
from data.domain.site_rules import flaws as site_flaws

SOURCE = "event-log"
RULES_VERSION = b"1"  # raised when the same row comes to mean other events
CUT = "the log is cut here"
NO_RUN = "no run in the log"

Envelope = dict[str, Any]  # a CloudEvents envelope as decoded JSON


class Log(Struct, frozen=True, kw_only=True):
    """A log as it is shown; `plans` and `events` are envelopes in order of time.

    `site` has no clock yet: it begins to run when the replay does.
    """

    digest: str
    site: Site
    orders: tuple[Order, ...]
    plans: tuple[Envelope, ...]
    events: tuple[Envelope, ...]
    starts_at: datetime
    ends_at: datetime
    rows: int
    runs: int
    skipped: int
    bad_rows: tuple[RowError, ...]


def read_log(path: Path, mapping: Mapping) -> Log:
    """Read a log by its mapping.

    Raises: OSError; LogError, naming rows and columns.
    """
    content = path.read_bytes()
    rows = read_rows(content, mapping)
    routes = routes_of(rows.runs)
    works = [work for route in routes.values() for work in route]
    starts_at = min(run.start for run in rows.runs)
    site = derive_site(routes, mapping)
    orders = derive_orders(routes, mapping.plan, mapping.site.area)
    _check(site, orders)
    naming = _Naming(_digest(content, mapping))
    events = [
        *(event for route in routes.values() for event in _order_events(route, naming)),
        *_unit_events(works, naming),
    ]
    return Log(
        digest=naming.digest,
        site=site,
        orders=orders,
        plans=_in_time(_plan(order, mapping.plan.known, starts_at, naming) for order in orders),
        events=_in_time(events),
        starts_at=starts_at,
        ends_at=max(run.finish for run in rows.runs),
        rows=rows.total,
        runs=len(rows.runs),
        skipped=rows.skipped,
        bad_rows=rows.bad,
    )


def _check(site: Site, orders: Iterable[Order]) -> None:
    """Refuse here what the door would refuse later."""
    for path, reason in site_flaws(site):
        raise LogError(f"its site can't be shown: {path} {reason}")
    rules = PlanRules(site)
    for order in orders:
        for flaw in rules.flaws(order):
            raise LogError(f"order {order.id} can't be shown: {flaw.path} {flaw.reason}")


def _digest(content: bytes, mapping: Mapping) -> str:
    """Name the log and the mapping: the same rows mapped otherwise are other events."""
    whole = hashlib.sha256(RULES_VERSION + content)
    whole.update(msgspec.json.encode(mapping, order="deterministic"))
    return whole.hexdigest()[:16]


class _Naming:
    """Makes envelopes whose ids repeat when the same log is read again.

    Ids of one instant sort as the events must be taken, for the board breaks ties by id.
    """

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def envelope(
        self, kind: str, key: str, type_: EventType, subject: str, at: datetime, data: Envelope
    ) -> Envelope:
        return {
            "specversion": "1.0",
            "id": f"{self.digest}.{kind}.{key}",
            "source": SOURCE,
            "type": type_.value,
            "subject": subject,
            "time": at.isoformat(),
            "data": data,
        }

    def of_row(
        self, kind: str, run: Run, type_: EventType, subject: str, at: datetime, data: Envelope
    ) -> Envelope:
        return self.envelope(kind, f"{run.row:09d}", type_, subject, at, data)


def as_json(document: Order | Site) -> Envelope:
    """Return a document as decoded JSON."""
    decoded: Envelope = msgspec.json.decode(msgspec.json.encode(document))
    return decoded


def _in_time(envelopes: Iterable[Envelope]) -> tuple[Envelope, ...]:
    return tuple(sorted(envelopes, key=lambda e: (datetime.fromisoformat(e["time"]), e["id"])))


def _plan(order: Order, known: Known, starts_at: datetime, naming: _Naming) -> Envelope:
    released = order.released_at if known is Known.AT_RELEASE else None
    return naming.envelope(
        "0-plan",
        hashlib.sha256(order.id.encode()).hexdigest()[:16],
        EventType.PLAN_CHANGED,
        order_subject(order.id),
        released or starts_at,
        {"order": as_json(order)},
    )


def _order_events(route: Route, naming: _Naming) -> Iterator[Envelope]:
    """Events of one order; where the log is cut, its last operation stays open."""
    last = max(route, key=lambda work: work.finish)
    cut = any(run.cut for work in route for run in work.runs)
    for work in route:
        yield from _operation_events(work, cut and work is last, naming)


def _operation_events(work: Work, cut: bool, naming: _Naming) -> Iterator[Envelope]:
    """Each row that starts or finishes says so; the status changes at most once an instant."""
    subject = operation_subject(work.order, work.operation)
    active = 0
    begun = False
    for at, starting, finishing in _instants(work.runs):
        before, active = active, active + len(starting) - len(finishing)
        active += sum(1 for run in finishing if run.start == run.finish)
        if finishing:
            ended = _ending(active > 0, at == work.finish, cut)
            yield from _finishes(finishing, ended, at == work.finish, subject, at, naming)
        for number, run in enumerate(starting):
            joining = before > 0 or number > 0
            yield _start(run, begun, joining, subject, naming)
            begun = True
        begun = True


def _instants(
    runs: Iterable[Run],
) -> Iterator[tuple[datetime, list[Run], list[Run]]]:
    """Yield each instant with the runs that start and those that finish, rows in order.

    A run without length only finishes.
    """
    starting: dict[datetime, list[Run]] = defaultdict(list)
    finishing: dict[datetime, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.row):
        finishing[run.finish].append(run)
        if run.finish > run.start:
            starting[run.start].append(run)
    for at in sorted(starting.keys() | finishing.keys()):
        yield at, starting.get(at, []), finishing.get(at, [])


def _ending(active: bool, last: bool, cut: bool) -> EventType:
    if active:
        return EventType.OPERATION_PROGRESSED
    if last and not cut:
        return EventType.OPERATION_COMPLETED
    return EventType.OPERATION_PAUSED


def _finishes(
    runs: list[Run], ended: EventType, last: bool, subject: str, at: datetime, naming: _Naming
) -> Iterator[Envelope]:
    """Every run adds its quantities; the last of them also says how the operation stands."""
    for run in runs:
        type_ = ended if run is runs[-1] else EventType.OPERATION_PROGRESSED
        data = _quantities(run)
        if last and type_ is EventType.OPERATION_PAUSED:
            data["reason"] = CUT
        yield naming.of_row("1-finish", run, type_, subject, at, data)


def _start(run: Run, begun: bool, joining: bool, subject: str, naming: _Naming) -> Envelope:
    if not begun:
        type_ = EventType.OPERATION_STARTED
    elif joining:
        type_ = EventType.OPERATION_PROGRESSED
    else:
        type_ = EventType.OPERATION_RESUMED
    return naming.of_row("2-start", run, type_, subject, run.start, _unit(run))


def _unit(run: Run) -> Envelope:
    return {} if run.work_unit is None else {"work_unit": run.work_unit}


def _quantities(run: Run) -> Envelope:
    counted = {"good": run.good, "scrap": run.scrap, "rework": run.rework}
    return _unit(run) | {name: number for name, number in counted.items() if number}


def _unit_events(works: Iterable[Work], naming: _Naming) -> Iterator[Envelope]:
    runs: dict[str, list[Run]] = defaultdict(list)
    for work in works:
        for run in work.runs:
            if run.work_unit is not None:
                runs[run.work_unit].append(run)
    for unit, group in runs.items():
        yield from _states(unit, group, naming)


def _states(unit: str, runs: list[Run], naming: _Naming) -> Iterator[Envelope]:
    """State of a work unit each time it changes: that of the run that started last there."""
    active: dict[int, Run] = {}
    said: Envelope = {}
    for at, starting, finishing in _instants(runs):
        for run in finishing:
            active.pop(run.row, None)
        active.update((run.row, run) for run in starting)
        now = _state(active)
        if now == said or (not said and not active):
            continue
        said = now
        cause, kind = (starting[-1], "3-begin") if starting else (finishing[-1], "3-end")
        yield naming.of_row(
            kind, cause, EventType.WORK_UNIT_STATE_CHANGED, work_unit_subject(unit), at, now
        )


def _state(active: dict[int, Run]) -> Envelope:
    if not active:
        return {"state": WorkUnitState.UNKNOWN.value, "reason": NO_RUN}
    run = max(active.values(), key=lambda run: (run.start, run.row))
    state = WorkUnitState.SETUP if run.setup else WorkUnitState.PROCESSING
    return {"state": state.value, "operation": operation_subject(run.order, run.operation)}
