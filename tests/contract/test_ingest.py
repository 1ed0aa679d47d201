"""The door on real engines: refused with a reason, or acknowledged for good and only once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from data.domain.scope import Role, Scope
from data.domain.site import SiteClock
from data.services.errors import Forbidden, Overloaded, Unavailable
from data.services.ingest import Ingest, Status
from data.services.ports import seq_of
from data.store.embedded import EmbeddedPostgres
from data.stream.embedded import EmbeddedRedis
from tests.contract.world import (
    FACTORY,
    NOW,
    PLANT,
    Clock,
    World,
    drain,
    entries_of,
    envelope,
    good,
    order,
    plan_document,
    process,
    site_document,
    void,
)

OPEN = 2  # entries that opening a plant with one order appends


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        yield made


@pytest.fixture
def elsewhere(world: World, redis_url: str, database_url: str) -> Iterator[World]:
    """Another process on the same engines."""
    with process(redis_url, database_url, world.clock) as made:
        yield made


def refusal(world: World, one: Any) -> tuple[str | None, str | None]:
    (verdict,) = world.accept(one)
    assert verdict.status is Status.REFUSED
    return verdict.field, verdict.reason


def forget_identities(world: World) -> None:
    """Let the log's memory of identities run out, as it does after a day."""
    world.client.delete(*world.client.keys("mp:{plant}:i:*"))


def test_accepted_once_then_a_duplicate_and_otherwise_a_conflict(world: World) -> None:
    assert world.said(good("a", 1)) == ["accepted"]
    assert world.said(good("a", 1)) == ["duplicate"]
    assert refusal(world, good("a", 2)) == (
        "id", "was recorded with another body before; correct it by event.voided",
    )  # fmt: skip


def test_a_conflicting_body_is_kept_for_people_to_see(world: World) -> None:
    world.accept(good("a", 1))
    world.accept(good("a", 2))
    drain(world.recorder())
    ((kind, source, event_id, raw),) = world.rows(
        "SELECT kind, source, event_id, raw FROM quarantine"
    )
    assert (kind, source, event_id) == ("conflict", "mes", "a")
    assert msgspec.json.decode(raw)["data"]["good"] == 2


def test_verdicts_come_in_the_order_of_the_events_whatever_became_of_them(world: World) -> None:
    world.accept(good("known"))
    batch = [good("a"), {"id": "bad"}, good("known"), None, good("a"), good("b", -1)]
    verdicts = world.accept(*batch)
    assert [v.status.value for v in verdicts] == [
        "accepted", "refused", "duplicate", "refused", "duplicate", "refused",
    ]  # fmt: skip
    assert [v.id for v in verdicts] == ["a", "bad", "known", "", "a", "b"]
    assert [v.field for v in verdicts if v.status is Status.REFUSED] == ["source", "$", "data.good"]


def test_what_is_planned_in_a_request_can_be_reported_in_the_same_one(world: World) -> None:
    batch = [good("a", subject="operation/SO-9/10"), plan_document(order("SO-9"))]
    assert world.said(*batch) == ["accepted", "accepted"]


def test_a_whole_new_site_comes_in_one_request_in_any_order(
    redis_url: str, database_url: str
) -> None:
    with process(redis_url, database_url) as fresh:
        fresh.log.announce(PLANT.id)
        assert (
            fresh.said(good("a"), plan_document(order("SO-1")), site_document()) == ["accepted"] * 3
        )


def test_a_source_may_only_speak_for_itself(world: World) -> None:
    scope = Scope(role=Role.SOURCE, sites=("plant",), source="plc")
    (verdict,) = world.ingest.accept(scope, "plant", [good("a")], NOW)
    assert (verdict.field, verdict.reason) == ("source", "expected 'plc', as the key's")
    with pytest.raises(Forbidden):
        world.ingest.accept(scope, "other", [good("a", source="plc")], NOW)
    with pytest.raises(Forbidden):
        world.ingest.quarantine(scope, "other", [], [], NOW)
    assert len(entries_of(world.client)) == OPEN


REFUSED: list[tuple[dict[str, Any], str]] = [
    (good("a", subject="operation/SO-2/10"), "subject"),
    (good("a", subject="operation/SO-1/99"), "subject"),
    (good("a", unit="W9"), "data.work_unit"),
    (envelope("a", "work_unit.state_changed", "work-unit/W9", {"state": "down"}), "subject"),
    (envelope("a", "material.received", "need/SO-1/n9", {"quantity": 1}), "subject"),
    (good("a", at=NOW + timedelta(hours=1)), "time"),
    (good("a", at=datetime(2026, 11, 3, 5)), "time"),  # noqa: DTZ001
    (good(""), "id"),
    (good("a\nb"), "id"),
    (envelope("a", "operation.exploded", "operation/SO-1/10"), "type"),
    (plan_document(order("SO-2", area="Z")), "data.order.area"),
]


def test_a_refusal_names_the_field_and_the_reason(world: World) -> None:
    for one, field in REFUSED:
        found, reason = refusal(world, one)
        assert found == field, one
        assert reason
    assert len(entries_of(world.client)) == OPEN


def test_a_site_without_a_model_takes_its_document_first(redis_url: str, database_url: str) -> None:
    with process(redis_url, database_url) as fresh:
        for one in (good("a"), plan_document(order())):
            assert refusal(fresh, one)[0] == "subject"
        assert fresh.said(site_document()) == ["accepted"]


def test_what_another_process_acknowledged_is_known_here_at_once(
    world: World, elsewhere: World
) -> None:
    for n in range(3):
        plan = order(f"SO-1{n}")
        assert world.said(plan_document(plan)) == ["accepted"]
        assert elsewhere.said(good(f"e{n}", subject=f"operation/SO-1{n}/10")) == ["accepted"]


def test_a_model_that_another_process_took_is_known_here_at_once(
    world: World, elsewhere: World
) -> None:
    elsewhere.live()
    wider = msgspec.structs.replace(
        PLANT, areas=(*PLANT.areas, msgspec.structs.replace(PLANT.areas[0], id="B"))
    )
    document = site_document(wider, "site-2")
    assert world.said({**document, "time": NOW.isoformat()}) == ["accepted"]
    assert elsewhere.said(plan_document(order("SO-2", area="B"))) == ["accepted"]


def test_a_board_that_is_behind_refuses_nothing_it_cannot_know(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.services.sites.CATCH_UP_S", 0.05)
    world.live()
    other = order("SO-2")
    world.accept(plan_document(other))
    live = world.live()
    monkeypatch.setattr(live, "_after", "0-0")
    monkeypatch.setattr(live, "read", lambda block_ms=None: 0)
    monkeypatch.setattr(world.sites, "_pause", time.sleep)
    with pytest.raises(Unavailable):
        world.accept(good("a", subject="operation/SO-3/10"))


def test_a_board_that_has_caught_up_is_not_behind_however_slow_its_process_was(
    world: World, elsewhere: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.services.sites.CATCH_UP_S", 0.05)
    live = world.live()
    elsewhere.live()
    assert elsewhere.said(plan_document(order("SO-2"))) == ["accepted"]

    def slowly(_: float) -> None:
        time.sleep(0.06)
        live.read(None)

    monkeypatch.setattr(world.sites, "_pause", slowly)
    assert world.said(good("a", subject="operation/SO-2/10")) == ["accepted"]


def test_an_order_closed_long_ago_can_still_be_corrected(world: World) -> None:
    recorder = world.recorder()
    world.accept(
        *(envelope(f"c{n}", "operation.completed", f"operation/SO-1/{n}0") for n in (1, 2))
    )
    drain(recorder)
    world.clock.advance(days=10)
    live = world.live()
    live._folding.forget(live.now - timedelta(days=2), seq_of(live.offset))
    assert "SO-1" not in live.board.orders
    assert world.said(good("late", subject="operation/SO-1/10")) == ["accepted"]
    assert refusal(world, good("x", subject="operation/SO-1/99"))[0] == "subject"


def test_after_the_log_was_emptied_what_is_recorded_is_still_a_duplicate(world: World) -> None:
    world.accept(good("a", 1), good("b", 1))
    drain(world.recorder())
    world.client.flushall()
    assert world.said(good("a", 1), good("b", 2), good("c")) == ["duplicate", "refused", "accepted"]
    assert len(entries_of(world.client)) == 2  # what is new, and the conflict


def test_senders_who_find_the_log_cold_together_warm_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.accept(good("a"))
    drain(world.recorder())
    world.live()
    world.client.flushall()
    asked, digests = [], world.history.digests
    monkeypatch.setattr(
        world.history, "digests", lambda *a: asked.append(a) or digests(*a)
    )  # fmt: skip
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda _: world.said(good("a")), range(6)))
    assert said == [["duplicate"]] * 6
    assert len(asked) == 1


def test_an_event_older_than_the_logs_memory_is_looked_for_in_sql(world: World) -> None:
    late = good("late", at=NOW - timedelta(days=2))
    recent = good("recent", at=NOW - timedelta(hours=1))
    world.accept(late, recent)
    recorder = world.recorder()
    drain(recorder)
    forget_identities(world)
    late_other = good("late", 7, at=NOW - timedelta(days=2))
    assert world.said(late, late_other) == ["duplicate", "refused"]
    drain(recorder)
    assert world.rows("SELECT kind, event_id FROM quarantine") == [("conflict", "late")]


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_an_event_sent_again_once_the_log_has_forgotten_it_is_a_duplicate_however_new_it_was(
    world: World, hours: int
) -> None:
    world.log.remember_s = hours * 3600
    fresh = good("a", at=NOW + timedelta(minutes=4))
    world.accept(fresh)
    drain(world.recorder())
    forget_identities(world)
    world.clock.advance(hours=hours, minutes=1)
    assert world.said(fresh) == ["duplicate"]


def test_a_site_with_a_clock_of_its_own_asks_sql_since_the_log_counts_in_real_time(
    redis_url: str, database_url: str
) -> None:
    origin = datetime(2012, 4, 1, tzinfo=UTC)
    clock = SiteClock(origin=origin, started_at=NOW, ends_at=origin + timedelta(hours=1))
    model = msgspec.structs.replace(PLANT, clock=clock)
    with process(redis_url, database_url, Clock(NOW)) as replayed:
        replayed.open(order("SO-1"))
        replayed.accept({**site_document(model, "site-2"), "time": NOW.isoformat()})
        assert replayed.live().now == origin
        one = good("a", at=origin)
        assert replayed.said(one) == ["accepted"]
        drain(replayed.recorder())
        forget_identities(replayed)
        replayed.clock.advance(days=3)
        assert replayed.said(one) == ["duplicate"]


def test_with_the_log_full_nothing_is_acknowledged_and_room_makes_it_go_on(world: World) -> None:
    world.client.config_set("maxmemory", "1")
    try:
        with pytest.raises(Overloaded):
            world.accept(good("a"))
    finally:
        world.client.config_set("maxmemory", "1gb")
    assert world.said(good("a")) == ["accepted"]


def test_with_sql_away_events_are_still_taken(world: World, postgres: EmbeddedPostgres) -> None:
    world.live()
    postgres.kill()
    assert world.said(good("a")) == ["accepted"]
    with pytest.raises(Unavailable):
        world.accept(good("old", at=NOW - timedelta(days=2)))
    with pytest.raises(Unavailable):
        world.accept(good("b", subject="operation/SO-7/10"))


def test_with_the_log_away_nothing_is_acknowledged(
    world: World, redis_server: EmbeddedRedis
) -> None:
    world.live()
    redis_server.kill()
    with pytest.raises(Unavailable):
        world.accept(good("a"))
    redis_server.start()
    assert world.said(good("a")) == ["accepted"]


UNANSWERABLE: list[Any] = [
    {"id": "x", "source": "plc", "type": "nonsense"},
    {"id": "a\0b", "source": "\0" * 500},
    {"id": "i" * 5000},
    {"id": 7, "source": []},
    [],
    None,
    "text",
]


def test_what_a_machine_says_wrong_is_kept_whatever_it_is(world: World) -> None:
    verdicts = world.accept(*UNANSWERABLE)
    assert {verdict.status for verdict in verdicts} == {Status.REFUSED}
    assert all(verdict.field and verdict.reason for verdict in verdicts)
    world.ingest.quarantine(FACTORY, PLANT.id, UNANSWERABLE, verdicts, NOW)
    world.accept(good("after"))
    drain(world.recorder())
    kept = world.rows("SELECT kind, raw FROM quarantine ORDER BY number")
    assert [(kind, msgspec.json.decode(raw)) for kind, raw in kept] == [
        ("unanswerable", one) for one in UNANSWERABLE
    ]
    assert "after" in world.recorded_ids()


def test_what_was_accepted_isnt_quarantined(world: World) -> None:
    batch = [good("a"), {"id": "b"}]
    world.ingest.quarantine(FACTORY, PLANT.id, batch, world.accept(*batch), NOW)
    world.ingest.quarantine(FACTORY, PLANT.id, [], [], NOW)
    drain(world.recorder())
    assert world.rows("SELECT event_id FROM quarantine") == [("b",)]


def test_a_void_is_taken_for_what_is_not_there_yet(world: World) -> None:
    assert world.said(void("v", "later")) == ["accepted"]
    assert world.said(good("later", 5)) == ["accepted"]
    assert "operation/SO-1/10" not in world.live().board.operations


def test_the_door_keeps_no_state_so_any_number_of_them_serve(
    world: World, elsewhere: World
) -> None:
    third = Ingest(elsewhere.log, elsewhere.history, elsewhere.sites)
    batch = [good(f"e{n}") for n in range(30)]
    for accept in (world.ingest, elsewhere.ingest, third):
        accept.accept(FACTORY, PLANT.id, batch, NOW)
    assert len(entries_of(world.client)) == OPEN + 30
