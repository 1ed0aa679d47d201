"""Live boards: a snapshot and the log's tail make the board that folding everything makes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.domain.board import Board
from data.domain.events import Event, EventType
from data.domain.topics import EVERYTHING, OPERATIONS
from data.services import live as live_module
from data.services.errors import Unavailable
from data.services.ports import Entry, seq_of
from data.store.embedded import EmbeddedPostgres
from tests.contract.lives import good_on, read_all, resting, settle, shown, site_of
from tests.contract.world import (
    PLANT,
    Clock,
    World,
    claim,
    claims,
    drain,
    folded,
    good,
    order,
    plan_document,
    process,
    void,
    write_log,
)
from tests.unit.domain.strategies import START, fold, streams

pytestmark = pytest.mark.usefixtures("running")


def test_snapshot_and_tail_make_what_the_whole_log_makes(world: World) -> None:
    recorder = world.recorder()
    world.accept(good("a", 3), good("b", 4), void("v1", "a"))
    drain(recorder)
    world.accept(good("c", 5), void("v2", "b"), void("v3", "later"), good("later", 9))
    live = site_of(world)
    assert shown(live.board) == shown(folded(world))
    assert good_on(live) == 5
    drain(recorder)
    assert shown(site_of(world).board) == shown(folded(world))


@settings(
    max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    log=streams(), cut=st.integers(0, 14), ahead=st.integers(0, 14),
    kept=st.sampled_from([0, 2, 10_000]),
)  # fmt: skip
def test_any_log_cut_anywhere_makes_the_same_board(
    world: World, log: list[Event], cut: int, ahead: int, kept: int
) -> None:
    """Up to `cut` it is in the snapshot; the recorder is further by `ahead` before the tail.

    Between the two parts of the tail all but `kept` events are let go.
    """
    log = [event for event in log if event.type is not EventType.EVENT_VOIDED or _fits(event, log)]
    world.client.flushall()
    world.rows_deleted()
    world.clock.at = START
    write_log(world.log, log[:cut])
    recorder = world.recorder()
    drain(recorder)
    live = site_of(world)
    for events in (log[cut : cut + ahead], log[cut + ahead :]):
        if events:
            world.log.append(PLANT.id, [claim(event) for event in events])
        with resting(kept):
            drain(recorder)
            settle(live)
    recorder.close()
    read_all(live)
    plans = {plan.id for plan in fold(log).plans()}
    assert _of(plans, live.board) == _of(plans, fold(log))
    assert live.board.last_event_at == fold(log).last_event_at


def _fits(void_event: Event, log: list[Event]) -> bool:
    source = void_event.data.event_source or void_event.source
    named = [e for e in log if (e.source, e.id) == (source, void_event.data.event_id)]
    return all(e.subject == void_event.subject for e in named)


def _of(plans: set[str], board: Board) -> dict[str, Any]:
    """What is shown of orders that have a plan, and of all the rest."""
    found = shown(board)
    subjects = found["subjects"].items()
    kept = {s: v for s, v in subjects if s.split("/")[1] in plans or s.startswith("work-unit")}
    return {"subjects": kept, "output": found["output"], "site": found["site"]}


def test_it_says_what_changed_to_whoever_listens(world: World) -> None:
    live = site_of(world, loaded=False)
    heard: list[int] = []
    live.listen(heard.append)
    live.load()
    assert heard[-1] == EVERYTHING
    world.accept(good("a"))
    live.read(None)
    assert heard[-1] & OPERATIONS
    world.accept(good("a"))
    count = len(heard)
    live.read(None)
    assert len(heard) == count


def test_with_sql_down_at_the_start_it_lives_from_the_log_and_says_so(
    world: World, postgres: EmbeddedPostgres
) -> None:
    world.accept(good("a", 3), good("b", 4))
    postgres.kill()
    live = site_of(world)
    assert live.loaded
    assert live.readers().history_stale
    assert good_on(live) == 7
    world.log.append(PLANT.id, claims(good("c", 10), void("v", "a")))
    read_all(live)
    assert good_on(live) == 14


def test_with_sql_back_it_loads_again_and_is_whole(
    world: World, postgres: EmbeddedPostgres
) -> None:
    recorder = world.recorder()
    world.accept(good("a", 3))
    drain(recorder)
    world.client.xtrim("mp:{plant}:events", maxlen=0)
    world.accept(good("b", 4))
    postgres.kill()
    live = site_of(world)
    assert good_on(live) == 4
    postgres.start()
    world.clock.advance(seconds=30)
    live.poll()
    read_all(live)
    assert good_on(live) == 7
    recorder = world.recorder()
    recorder.step(None)
    live.poll()
    assert not live.readers().history_stale


def test_sql_that_goes_while_a_correction_needs_it_leaves_no_lasting_error(
    world: World, postgres: EmbeddedPostgres
) -> None:
    world.accept(good("a", 3), good("b", 4))
    drain(world.recorder())
    live = site_of(world)
    world.log.append(PLANT.id, claims(void("v", "a")))
    postgres.kill()
    read_all(live)
    assert live.readers().history_stale
    postgres.start()
    live.poll()
    read_all(live)
    assert good_on(live) == 4


def test_a_log_that_began_anew_is_read_from_its_start(world: World) -> None:
    recorder = world.recorder()
    world.accept(good("a", 3))
    drain(recorder)
    live = site_of(world)
    world.client.flushall()
    write_log(world.log, [])
    world.client.set("mp:{plant}:epoch", "epoch-2")
    (one,) = claims(good("b", 4))
    world.client.xadd("mp:{plant}:events", {"e": one.payload, "d": one.digest}, id="5-1")
    live.poll()
    read_all(live)
    assert good_on(live) == 7
    drain(recorder)
    assert good_on(site_of(world)) == 7


class Meanwhile:
    """A log in whose blocking read something else of the process runs, as greenlets do."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.then: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> Sequence[Entry]:
        entries = self._log.read(site, after, count, None)
        then, self.then = self.then, None
        if then is not None:
            then()
        return entries


def test_loading_again_while_the_reader_waits_counts_nothing_twice(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    log = Meanwhile(world.log)
    live = site_of(world, log=log)
    world.accept(good("a", 3))
    drain(recorder)
    live.history_missing = True  # so the poll wants to load, while the reader is in its read
    log.then = live.poll
    live.read()
    read_all(live)
    assert good_on(live) == 3


def test_one_that_fell_behind_what_is_trimmed_starts_again(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    live = site_of(world)
    world.accept(good("a", 3))
    drain(recorder)
    world.client.xtrim("mp:{plant}:events", maxlen=0)
    world.accept(good("b", 4))
    world.clock.advance(seconds=60)  # it was held up for so long
    read_all(live)
    assert good_on(live) == 7


def test_a_poisoned_entry_doesnt_stop_it(world: World) -> None:
    live = site_of(world)
    broken = Event("x", "mes", EventType.OPERATION_STARTED, "robot", START, START)
    world.client.xadd("mp:{plant}:events", {"e": b"no json", "d": b"d"})
    world.client.xadd("mp:{plant}:events", {"e": msgspec.json.encode(broken), "d": b"d"})
    world.accept(good("a", 3))
    read_all(live)
    assert good_on(live) == 3


def test_catching_up_is_bounded(world: World) -> None:
    live = site_of(world)
    world.log.append(PLANT.id, claims(good("a")))
    waited: list[float] = []
    live.catch_up(0.1, waited.append)
    assert 0.09 < sum(waited) < 0.2
    live.catch_up(0.1, lambda _: live.read(None))
    assert seq_of(live._after) == seq_of(world.log.last_offset(PLANT.id))


def test_a_lost_log_is_seen_by_the_age_of_the_last_read(world: World) -> None:
    live = site_of(world)
    assert live.readers().log_connected
    world.clock.advance(seconds=live_module.LOG_LOST_S + 1)
    assert not live.readers().log_connected
    live.read(None)
    assert live.readers().log_connected


def test_a_silent_recorder_is_seen_by_the_age_of_its_note(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    live = site_of(world)
    assert not live.readers().history_stale
    world.clock.advance(seconds=live_module.HISTORY_STALE_S + 1)
    live.poll()
    assert live.readers().history_stale
    recorder.step(None)
    live.poll()
    assert not live.readers().history_stale


def test_signals_age_by_the_real_clock(world: World) -> None:
    live = site_of(world)
    world.log.signal(PLANT.id, ["W1"], world.clock().timestamp())
    world.clock.advance(seconds=7)
    live.poll()
    assert live.signal_age_s() == {"W1": 7.0}


def test_two_processes_show_the_same(redis_url: str, database_url: str) -> None:
    clock = Clock()
    with (
        process(redis_url, database_url, clock) as one,
        process(redis_url, database_url, clock) as other,
    ):
        one.open(order("SO-1"))
        for n in range(5):
            (one, other)[n % 2].accept(good(f"e{n}", n))
            (one, other)[n % 2].accept(plan_document(order(f"SO-2{n}")))
        assert shown(one.live().board) == shown(other.live().board)
        assert one.live().now - other.live().now < timedelta(seconds=1)


def test_without_the_log_it_doesnt_load(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable("gone")

    monkeypatch.setattr(world.log, "epoch", away)
    with pytest.raises(Unavailable):
        site_of(world)
