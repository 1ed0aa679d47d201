"""Bottlenecks on real engines: stored rows are those of the whole past, however it came in."""

from datetime import timedelta
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from data.domain.bottleneck.intervals import subtract, union
from data.domain.bottleneck.line import GONE_S, raw_pauses
from data.domain.bottleneck.live import ChainWalk
from data.domain.bottleneck.states import StateChange, state_spells, state_times
from data.domain.bottleneck.timeline import Grain
from data.domain.events import Data, Event, EventType
from data.domain.events import WorkUnitState as W
from data.domain.facts import LineBottleneck
from data.domain.scope import factory_scope
from data.domain.site import WorkUnit
from data.services.bottleneck_history import BottleneckHistory
from data.services.bottlenecks import Bottlenecks
from data.services.caching import Cached
from data.services.errors import Forbidden, Unavailable
from data.services.live import LiveSite
from data.store.bottlenecks import BottleneckStore
from data.store.stale import Stale
from tests.contract.world import FACTORY, NOW, PLANT, World, claim, drain, process

LINE = replace(
    PLANT, work_units=tuple(WorkUnit(id=name, work_center="C") for name in ("W1", "W2", "W3"))
)
BEGUN = NOW - timedelta(days=3)
STATES = (W.PROCESSING, W.PROCESSING, W.SETUP, W.STARVED, W.BLOCKED, W.OFF_SHIFT)


@pytest.fixture
def world(redis_url, database_url):
    with process(redis_url, database_url) as made:
        made.log.warm(PLANT.id, "epoch-1", {})
        made.log.announce(PLANT.id)
        tell(made, Event("site", "mes", EventType.PLAN_CHANGED, f"site/{PLANT.id}", BEGUN, BEGUN,
                         Data(site=LINE)))  # fmt: skip
        yield made


class Watcher:
    """What the watch does for the aspect, one round at a time; a new one is a restart."""

    def __init__(self, world: World) -> None:
        self.seconds = 0.0
        self.live = LiveSite(PLANT.id, world.log, world.history, world.clock)
        self.events: list[Event] = []
        self.live.follow(self.events.extend)
        self.aspect = Bottlenecks(
            PLANT.id,
            BottleneckStore(world.worker_sql),
            Stale(world.worker_sql),
            lambda: self.seconds,
        )
        self.begun = False

    def round(self) -> dict[str, bytes | None]:
        self.seconds += 10.0
        if not self.begun:
            self.live.load()
        while self.live.read(block_ms=None):
            pass
        events = self.events[:]
        self.events.clear()
        if not self.begun:
            self.aspect.begin(self.live)
            self.begun = True
        else:
            self.aspect.see(events)
        return dict(self.aspect.work(self.live.now))


def tell(world: World, *events: Event) -> None:
    world.log.append(PLANT.id, [claim(event) for event in events])


def change(number: int, minutes: float, unit: str, state: W) -> Event:
    at = BEGUN + timedelta(minutes=minutes)
    return Event(f"e{number:04d}", "mes", EventType.WORK_UNIT_STATE_CHANGED, f"work-unit/{unit}",
                 at, at, Data(state=state))  # fmt: skip


def void(number: int, target: Event) -> Event:
    return Event(f"v{number:04d}", "mes", EventType.EVENT_VOIDED, target.subject, NOW, NOW,
                 Data(event_id=target.id))  # fmt: skip


def course(count: int = 300, seed: int = 1) -> list[Event]:
    """Changes of three work units over three days, some at one instant."""
    random = Random(seed)
    times = sorted(random.randrange(0, 3 * 1440) for _ in range(count))
    return [
        change(number, minute, random.choice(("W1", "W2", "W3")), random.choice(STATES))
        for number, minute in enumerate(times)
    ]


def truth(events: list[Event]) -> tuple[list, list]:
    """Rows of a chain that was told everything at once, in order."""
    walk = ChainWalk(gone_s=GONE_S)
    for event in sorted(events, key=lambda e: (e.time, e.id)):
        walk.feed(
            event.subject.removeprefix("work-unit/"), event.data.state, event.time.timestamp()
        )
    final = walk.take_final()
    return sorted(final.segments, key=_place), union(raw_pauses(final))


def _place(row):
    return (row.start, row.end, row.work_unit, row.kind)


def stored(world: World) -> tuple[list, list]:
    store = BottleneckStore(world.worker_sql)
    rows = sorted(store.segments(PLANT.id, "A", 0.0), key=_place)
    return rows, union(store.pauses(PLANT.id, "A", 0.0))


def test_followed_live_the_rows_are_those_of_the_whole_past(world):
    events, recorder, watcher = course(), world.recorder(), Watcher(world)
    for first in range(0, len(events), 17):
        tell(world, *events[first : first + 17])
        watcher.round()
        drain(recorder)
    assert stored(world) == truth(events)
    assert stored(world)[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_watch_that_dies_at_any_point_leaves_the_same_chain(world, seed):
    events, recorder, random = course(seed=seed), world.recorder(), Random(seed)
    watcher = Watcher(world)
    for first in range(0, len(events), 13):
        tell(world, *events[first : first + 13])
        if random.random() < 0.6:
            drain(recorder)
        if random.random() < 0.4:
            watcher = Watcher(world)
        if random.random() < 0.7:
            watcher.round()
    drain(recorder)
    Watcher(world).round()
    assert stored(world) == truth(events)


def test_a_write_that_fails_is_made_good_when_it_begins_anew(world, monkeypatch):
    events, recorder, watcher = course(), world.recorder(), Watcher(world)
    tell(world, *events[:200])
    drain(recorder)
    watcher.round()
    tell(world, *events[200:])
    with monkeypatch.context() as broken, pytest.raises(Unavailable):
        broken.setattr(BottleneckStore, "store", _unavailable)
        watcher.round()
    watcher.begun = False
    watcher.round()
    drain(recorder)
    watcher.round()
    assert stored(world) == truth(events)


def _unavailable(*_: object) -> None:
    raise Unavailable("down")


@pytest.mark.parametrize("late_minutes", [3, 90, 2000])
def test_what_comes_late_or_twice_finds_its_place(world, late_minutes):
    events, recorder, watcher = course(), world.recorder(), Watcher(world)
    late = events[::29]
    punctual = [event for event in events if event not in late]
    for first in range(0, len(punctual), 31):
        chunk = punctual[first : first + 31]
        until = chunk[-1].time - timedelta(minutes=late_minutes)
        due = [event for event in late if event.time <= until]
        late = [event for event in late if event not in due]
        tell(world, *chunk, *due)
        drain(recorder)
        watcher.round()
    tell(world, *late)
    drain(recorder)
    watcher.round()
    assert stored(world) == truth(events)


def test_what_is_voided_was_never_there(world):
    events, recorder, watcher = course(), world.recorder(), Watcher(world)
    undone = [events[20], events[150], events[-3]]
    tell(world, *events[:160])
    drain(recorder)
    watcher.round()
    tell(world, *events[160:])
    watcher.round()
    tell(world, *(void(number, target) for number, target in enumerate(undone)))
    drain(recorder)
    watcher.round()
    assert stored(world) == truth([event for event in events if event not in undone])


def test_what_came_while_the_watch_was_away_is_put_in_its_place(world):
    events, recorder, watcher = course(), world.recorder(), Watcher(world)
    late = events[5]
    tell(world, *(event for event in events if event is not late))
    drain(recorder)
    watcher.round()
    tell(world, late)
    drain(recorder)
    marks = Stale(world.worker_sql).take(PLANT.id, "chain", 100)
    assert marks
    Watcher(world).round()
    assert stored(world) == truth(events)
    assert Stale(world.worker_sql).take(PLANT.id, "chain", 100) == []


def test_what_is_in_the_log_but_not_yet_recorded_counts_at_the_start(world):
    events, recorder = course(), world.recorder()
    tell(world, *events[:250])
    drain(recorder)
    tell(world, *events[250:])
    Watcher(world).round()
    assert stored(world) == truth(events)


def test_marks_are_settled_once_what_they_stand_for_was_seen(world):
    recorder, watcher = world.recorder(), Watcher(world)
    watcher.round()
    tell(world, *course(40))
    drain(recorder)
    for _ in range(3):
        watcher.round()
    assert Stale(world.worker_sql).take(PLANT.id, "chain", 100) == []


def test_the_fact_names_who_leads_and_is_renewed_when_another_does(world):
    watcher = Watcher(world)
    last = 3 * 1440
    tell(world, change(1, last - 60, "W1", W.PROCESSING), change(2, last - 30, "W2", W.PROCESSING))
    fact = fact_of(watcher.round())
    assert (fact.area, fact.work_unit, fact.active_s) == ("A", "W1", 3600.0)
    assert fact.today[0].work_unit == "W1"
    assert fact.today[0].share == pytest.approx(1 / 6, abs=1e-4)  # of six hours since midnight
    assert watcher.round() == {}
    watcher.seconds -= 9.9
    tell(world, change(3, last - 1, "W1", W.STARVED))
    assert fact_of(watcher.round()).work_unit == "W2"


def fact_of(documents) -> LineBottleneck:
    return msgspec.json.decode(documents["bottleneck/A"], type=LineBottleneck)


def test_time_in_each_state_is_summed_in_sql_as_in_the_domain(world):
    events, recorder = course(), world.recorder()
    undone = events[100]
    tell(world, *events, void(1, undone))
    drain(recorder)
    since, until = BEGUN + timedelta(hours=20), BEGUN + timedelta(hours=50)
    found = BottleneckStore(world.worker_sql).state_times(
        PLANT.id, ["W1", "W2", "W3"], since.timestamp(), until.timestamp()
    )
    whole = summed([e for e in events if e is not undone], until)
    before = summed([e for e in events if e is not undone and e.time <= since], since)
    for unit, times in whole.items():
        wanted = {s: t - before.get(unit, {}).get(s, 0.0) for s, t in times.items()}
        assert found[unit] == pytest.approx({s: t for s, t in wanted.items() if t > 1e-6})


def summed(events, until):
    changes = [
        StateChange(e.subject.removeprefix("work-unit/"), e.data.state, e.time.timestamp())
        for e in events
    ]
    return state_times(state_spells(changes, until.timestamp()))


@pytest.fixture
def watched(world):
    """A world whose past is recorded and watched, and its live board with the fact."""
    events, watcher = course(), Watcher(world)
    tell(world, *events)
    drain(world.recorder())
    documents = watcher.round()
    watcher.live.facts.take(documents)
    return watcher.live


def history(world: World) -> BottleneckHistory:
    return BottleneckHistory(BottleneckStore(world.worker_sql), Cached(None))


@pytest.mark.parametrize("grain", list(Grain))
def test_a_report_covers_the_period_with_final_and_provisional_time(world, watched, grain):
    report = history(world).report(FACTORY, watched, "A", BEGUN, NOW, grain)
    assert report.pieces and report.units and report.windows
    shown = union((piece.start, piece.end) for piece in report.pieces)
    assert shown[-1][1] <= NOW.timestamp() and shown[0][0] >= BEGUN.timestamp()
    assert report.counted_s == pytest.approx(sum(b - a for a, b in shown), rel=0.2)
    assert sum(row.sole for row in report.units) <= 1.0 + 1e-9
    assert any(piece.provisional for piece in report.pieces) == bool(
        watched.facts.bottlenecks["A"].tail
    )


def test_a_report_of_a_part_is_cut_to_it(world, watched):
    since, until = NOW - timedelta(hours=30), NOW - timedelta(hours=20)
    report = history(world).report(FACTORY, watched, "A", since, until)
    span = [(since.timestamp(), until.timestamp())]
    assert subtract(union((p.start, p.end) for p in report.pieces), span) == []
    assert all(since <= one.window.start < one.window.finish <= until for one in report.windows)


def test_a_report_of_a_time_without_anything_is_empty(world, watched):
    early = BEGUN - timedelta(days=30)
    report = history(world).report(FACTORY, watched, "A", early, early + timedelta(days=1))
    assert report.pieces == () and report.verdict.intervals == ()


def test_a_stranger_and_an_unknown_line_are_refused(world, watched):
    with pytest.raises(Forbidden):
        history(world).report(factory_scope("other"), watched, "A", BEGUN, NOW)
    with pytest.raises(Forbidden):
        history(world).report(FACTORY, watched, "Z", BEGUN, NOW)
