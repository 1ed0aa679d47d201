"""Two sites that work from September to November, hour by hour, as a dump of a release holds them.

Imported by `tests.contract.releases.__main__`. The watches and recorders are the product's own;
nothing runs by itself.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import factory_scope
from data.domain.site import (
    Area,
    Break,
    Calendar,
    Party,
    PartyKind,
    Shift,
    Site,
    WorkCenter,
    WorkUnit,
)  # fmt: skip
from data.services.aspects import Aspect
from data.services.bottlenecks import Bottlenecks
from data.services.derivation import Accounting
from data.services.exceptions import Exceptions
from data.services.forecasting import Forecasts
from data.services.live import LiveSite
from data.services.recorder import Recorder
from data.services.rules import Rules
from data.services.shift_figures import ShiftFiguresRollup
from data.services.triggers import MilestoneTriggers
from data.services.watch import Watch
from data.store.accounts import AccountPast
from data.store.bottlenecks import BottleneckStore
from data.store.delays import DelayStore
from data.store.exceptions import ExceptionStore
from data.store.forecasts import ForecastStore
from data.store.locks import SiteLock
from data.store.past import PastEvents
from data.store.program import Program
from data.store.recording import Recording
from data.store.shift_figures import ShiftFigureStore
from data.store.stale import Stale
from data.store.triggers import TriggerStore
from data.stream.facts import FactsStream
from tests.contract.world import World, drain, envelope, plan_document, site_document

HOUR = timedelta(hours=1)
LOOKS_EVERY = 3  # events; each look may change what is shown of an exception
BEGIN = datetime(2026, 9, 14, 6, tzinfo=UTC)  # a Monday
OPENED = BEGIN - 72 * HOUR
_DAY_SHIFT = Shift(
    name="day", start="06:00", finish="18:00", days=(1, 2, 3, 4, 5),
    breaks=(Break(start="12:00", finish="12:30"),),
)  # fmt: skip
PLANT = Site(
    id="plant", name="Plant 一廠",
    areas=(Area(id="A", calendar="week", name="Line A", output=("FIT",)),),
    work_centers=(WorkCenter(id="CUT", area="A"), WorkCenter(id="FIT", area="A")),
    work_units=(
        WorkUnit(id="W1", work_center="CUT"), WorkUnit(id="W2", work_center="CUT"),
        WorkUnit(id="W3", work_center="FIT", name="Bench 3"),
    ),
    calendars=(Calendar(id="week", shifts=(_DAY_SHIFT,), holidays=("2026-10-09",)),),
    parties=(
        Party(id="P1", name="Parts & Sons", kind=PartyKind.SUPPLIER),
        Party(id="P2", name="Other Parts", kind=PartyKind.SUPPLIER),
        Party(id="B1", name="O'Buyer", kind=PartyKind.CUSTOMER),
        Party(id="T1", name="Trucks", kind=PartyKind.LOGISTICS),
    ),
)  # fmt: skip
DOCK = Site(
    id="dock", name="Dock", timezone="Asia/Taipei",
    areas=(Area(id="D", calendar="week", output=("PACK",)),),
    work_centers=(WorkCenter(id="PACK", area="D"),),
    work_units=(WorkUnit(id="D1", work_center="PACK"),),
    calendars=(Calendar(id="week", shifts=(_DAY_SHIFT,)),),
    parties=(Party(id="P1", name="Parts & Sons", kind=PartyKind.SUPPLIER),),
)  # fmt: skip
Told = tuple[datetime, str, dict[str, Any]]  # when, at which site, the event


class Floor:
    """Both sites, with what records and what watches them, at one clock."""

    def __init__(self, world: World) -> None:
        self.world, self.clock, self.clock_s = world, world.clock, 0.0
        self.recorders = {site: self._recorder(site) for site in (PLANT.id, DOCK.id)}
        self.watches = {site: self._watch(site) for site in (PLANT.id, DOCK.id)}

    def work(self, told: list[Told]) -> None:
        """Let the events happen, each a minute before it comes in; the watch looks now and then."""
        for count, (at, site, said) in enumerate(sorted(told, key=lambda one: one[0])):
            self.clock.at = at + timedelta(minutes=1)
            self.accept(site, said)
            if count % LOOKS_EVERY == 0:
                self.look(1)
        self.look(15)

    def accept(self, site: str, said: Mapping[str, Any]) -> None:
        """Take an event in."""
        self.world.log.announce(site)
        (verdict,) = self.world.ingest.accept(factory_scope(site), site, [said], self.clock())
        assert verdict.status.value == "accepted", (said, verdict)

    def record(self) -> None:
        """Record what came in."""
        for recorder in self.recorders.values():
            drain(recorder)

    def look(self, rounds: int) -> None:
        """Record, and let the watches look at it."""
        for _ in range(rounds):
            self.clock_s += 61.0
            self.record()
            for watch in self.watches.values():
                watch.step(block_ms=None)

    def close(self) -> None:
        """Let others take over."""
        for one in (*self.watches.values(), *self.recorders.values()):
            one.close()

    def _recorder(self, site: str) -> Recorder:
        writer = Recording(self.world.database_url, site)
        return Recorder(site, self.world.log, self.world.history, writer, self.clock)

    def _watch(self, site: str) -> Watch:
        world = self.world
        return Watch(
            site, LiveSite(site, world.log, world.history, self.clock), self._aspects(site),
            SiteLock(world.database_url, "watch", site), FactsStream(world.client), world.log,
            now_s=lambda: self.clock().timestamp(), clock=self._seconds,
        )  # fmt: skip

    def _aspects(self, site: str) -> list[Aspect]:
        sql, facts = self.world.worker_sql, FactsStream(self.world.client)
        kept, stale = ExceptionStore(sql), Stale(sql)
        return [
            Forecasts(site, ForecastStore(sql), PastEvents(sql), lambda: facts.names(site),
                      self._seconds),
            Accounting(site, AccountPast(sql), DelayStore(sql), self._seconds),
            ShiftFiguresRollup(site, ShiftFigureStore(sql), stale, self._seconds),
            Bottlenecks(site, BottleneckStore(sql), stale, self._seconds),
            Exceptions(site, kept, stale, Program(sql), Rules(kept).of, self.clock,
                       self._seconds),
            MilestoneTriggers(site, TriggerStore(sql), self.clock),
        ]  # fmt: skip

    def _seconds(self) -> float:
        return self.clock_s


def order(name: str, begin: datetime, due_h: float = 10.0, **more: Any) -> Order:
    """An order of the plant that is planned to be cut and fitted within a day."""
    steps = (
        Operation(id="10", work_center="CUT", planned_start=begin, planned_finish=begin + 4 * HOUR,
                  name="Cut", run_time_s=1200.0, setup_s=600.0, critical=True),
        Operation(id="20", work_center="FIT", planned_start=begin + 4 * HOUR,
                  planned_finish=begin + 8 * HOUR, name="Fit", run_time_s=1200.0,
                  performed_by=more.pop("performed_by", None)),
    )  # fmt: skip
    needs = (
        MaterialNeed(id="n1", part="bolt", operation="10", supplier="P1", quantity=40,
                     need_by=begin, name="Bolt M8 'long'"),
        MaterialNeed(id="n2", part="plate", operation="20", supplier="P2", quantity=10,
                     need_by=begin + 3 * HOUR),
    )  # fmt: skip
    due = begin + due_h * HOUR
    milestone = Milestone(
        id="m1", name="Packed", operation="20", baseline_at=due, committed_at=due + HOUR
    )
    return Order(
        id=name, product="pump", quantity=10, due_at=due, area="A", family="pumps", customer="B1",
        shipped_by="T1", released_at=begin - 24 * HOUR, operations=steps, needs=needs,
        milestones=(milestone,), **more,
    )  # fmt: skip


def dock_order(name: str, begin: datetime) -> Order:
    """An order of the dock."""
    step = Operation(id="10", work_center="PACK", planned_start=begin,
                     planned_finish=begin + 3 * HOUR, run_time_s=600.0)  # fmt: skip
    due = begin + 5 * HOUR
    return Order(id=name, product="crate", quantity=10, due_at=due, area="D", operations=(step,))


def models(at: datetime) -> Iterator[Told]:
    """Both sites' documents."""
    for site in (PLANT, DOCK):
        yield at, site.id, {**site_document(site), "time": at.isoformat()}


def plan(plan: Order, at: datetime, site: str = PLANT.id, count: int = 1) -> Told:
    """An order's plan, or another one of it."""
    return at, site, plan_document(plan, f"plan-{plan.id}-{count}", at)


def made(
    name: str, begin: datetime, late: float = 0.0, unit: str = "W1", upto: int = 8
) -> Iterator[Told]:
    """What is reported of an order: its parts, then both steps, some hours late.

    `upto`: how many of the reports of its steps come.
    """
    for need, hours, quantity in (("n1", -3.0, 40), ("n2", -2.0, 10)):
        subject = f"need/{name}/{need}"
        promise = {"quantity": quantity, "promised_at": (begin - HOUR).isoformat()}
        yield _said(subject, begin, hours, "material.promised", promise)
        yield _said(subject, begin, hours + 0.5, "material.shipped", {
            "quantity": quantity, "dispatch_advice": f"DA-{name}-{need}",
        })  # fmt: skip
        yield _said(subject, begin, hours + 1 + late / 2, "material.received", {
            "quantity": quantity,
        })  # fmt: skip
    yield from [*_steps(name, begin + late * HOUR, unit)][:upto]


def _steps(name: str, begin: datetime, unit: str) -> Iterator[Told]:
    first, second = f"operation/{name}/10", f"operation/{name}/20"
    yield _said(first, begin, 0.0, "operation.started", {"work_unit": unit})
    yield _said(first, begin, 1.5, "operation.progressed", {"work_unit": unit, "good": 4})
    yield _said(first, begin, 3.5, "operation.progressed", {
        "work_unit": unit, "good": 6, "scrap": 1, "reason": "burr",
    })  # fmt: skip
    yield _said(first, begin, 3.75, "operation.completed", {"work_unit": unit})
    yield _said(second, begin, 4.25, "operation.started", {"work_unit": "W3"})
    yield _said(second, begin, 7.0, "operation.progressed", {
        "work_unit": "W3", "good": 10, "rework": 1,
    })  # fmt: skip
    yield _said(second, begin, 7.25, "quality.inspected", {"inspected": 10, "passed": 9})
    yield _said(second, begin, 7.5, "operation.completed", {"work_unit": "W3"})


def _said(
    subject: str, begin: datetime, hours: float, kind: str, data: dict[str, Any],
    site: str = PLANT.id,
) -> Told:  # fmt: skip
    at = begin + hours * HOUR
    name = f"{subject.partition('/')[2].replace('/', '-')}-{at:%m%d%H%M}-{kind.partition('.')[2]}"
    return at, site, envelope(name, kind, subject, data, at)


def turned(unit: str, at: datetime, state: str, site: str = PLANT.id, **more: str) -> Told:
    """A work unit's state."""
    data = {"state": state, **more}
    return _said(f"work-unit/{unit}", at, 0.0, "work_unit.state_changed", data, site)


def packed(name: str, begin: datetime) -> Iterator[Told]:
    """What is reported of an order of the dock."""
    subject = f"operation/{name}/10"
    for hours, kind, data in (
        (0.0, "started", {"work_unit": "D1"}), (1.0, "paused", {"reason": "no boxes"}),
        (1.5, "resumed", {"work_unit": "D1"}),
        (2.5, "progressed", {"work_unit": "D1", "good": 10}), (2.75, "completed", {}),
    ):  # fmt: skip
        yield _said(subject, begin, hours, f"operation.{kind}", data, DOCK.id)


def september() -> list[Told]:
    """One order as planned, one late; a machine that was down; the dock."""
    day = BEGIN
    return [
        *models(day - 48 * HOUR),
        plan(order("SO-1", day), day - 47 * HOUR), plan(order("SO-2", day), day - 46 * HOUR),
        plan(dock_order("DO-1", day), day - 47 * HOUR, DOCK.id),
        *made("SO-1", day), *made("SO-2", day, late=6.0, unit="W2"), *packed("DO-1", day),
        turned("W1", day, "processing", operation="operation/SO-1/10"),
        turned("W2", day, "starved"), turned("W3", day, "starved"),
        turned("W2", day + 2 * HOUR, "down", reason="spindle"),
        turned("W2", day + 5 * HOUR, "processing"), turned("W3", day + 4.1 * HOUR, "processing"),
        turned("W1", day + 4 * HOUR, "blocked"), turned("D1", day, "processing", DOCK.id),
        *(turned(unit, day + 13 * HOUR, "off_shift") for unit in ("W1", "W2", "W3")),
        turned("D1", day + 3 * HOUR, "starved", DOCK.id),
    ]  # fmt: skip


def october() -> list[Told]:
    """Corrections, an order that is cancelled, one that is planned anew, one done elsewhere."""
    day = datetime(2026, 10, 12, 6, tzinfo=UTC)
    second = "operation/SO-3/20"
    later = replace(order("SO-3", day), quantity=12, due_at=day + 20 * HOUR)
    gone = replace(order("SO-4", day), cancelled=True)
    return [
        plan(order("SO-3", day), day - 30 * HOUR), plan(later, day - 20 * HOUR, count=2),
        plan(order("SO-4", day), day - 29 * HOUR), plan(gone, day - 5 * HOUR, count=2),
        *made("SO-3", day, late=1.0),
        turned("W1", day, "processing"), turned("W3", day, "starved"),
        turned("W1", day + 5 * HOUR, "maintenance"), turned("W3", day + 5 * HOUR, "processing"),
        (day + 8.6 * HOUR, PLANT.id, envelope(
            "reopened", "operation.reopened", second, {"reason": "leak"}, day + 8.6 * HOUR)),
        _said(second, day, 9.0, "operation.progressed", {"work_unit": "W3", "good": 2}),
        _said(second, day, 9.5, "operation.completed", {}),
        _void("SO-3-10-10120830-progressed", "operation/SO-3/10", day + 10 * HOUR),
        _void("never-came", "operation/SO-3/10", day + 10 * HOUR),
        _void("neither-did-this", "work-unit/W1", day + 10 * HOUR),
        *(turned(unit, day + 11 * HOUR, "off_shift") for unit in ("W1", "W3")),
    ]  # fmt: skip


def _void(target: str, subject: str, at: datetime) -> Told:
    said = envelope(f"void-{target}", "event.voided", subject, {"event_id": target}, at)
    return at, PLANT.id, said


def november() -> list[Told]:
    """What is going on when the dump is made: begun, late, not begun, a machine down."""
    day = datetime(2026, 11, 2, 6, tzinfo=UTC)
    outside = replace(order("SO-7", day + 24 * HOUR, performed_by="P1"), needs=())
    return [
        plan(order("SO-5", day), day - 60 * HOUR), plan(order("SO-6", day), day - 59 * HOUR),
        plan(outside, day - 59 * HOUR), plan(dock_order("DO-2", day), day - 59 * HOUR, DOCK.id),
        *made("SO-5", day, upto=6), *made("SO-6", day, late=3.0, unit="W2", upto=2),
        *[*packed("DO-2", day)][:2],
        turned("W1", day, "processing", operation="operation/SO-5/10"),
        turned("W3", day, "starved"), turned("W2", day + 3 * HOUR, "processing"),
        turned("D1", day + HOUR, "down", DOCK.id), turned("W3", day + 4.2 * HOUR, "processing"),
        turned("W2", day + 6 * HOUR, "down", reason="coolant"),
    ]  # fmt: skip


def aside(world: World) -> None:
    """Put inputs into quarantine that can't be taken."""
    for site, name in ((PLANT.id, "x-1"), (PLANT.id, "x-2"), (DOCK.id, "x-1")):
        refused = Quarantined(
            kind=QuarantineKind.UNANSWERABLE, source="plc", event_id=name, field="time",
            reason="expected an offset", raw=b'{"id": "x", "time": "2026-11-02T06:00:00"}',
            received_at=world.clock(),
        )  # fmt: skip
        world.log.append_quarantined(site, [msgspec.json.encode(refused)])


def unseen(now: datetime) -> tuple[str, dict[str, Any]]:
    """Something that is recorded and that the watch hasn't looked at."""
    _, site, said = _said("operation/SO-6/10", now, 0.0, "operation.progressed", {
        "work_unit": "W2", "good": 1,
    })  # fmt: skip
    return site, said
