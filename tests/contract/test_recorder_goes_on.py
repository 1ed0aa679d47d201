"""The recorder goes on: past what is broken, beside another one, whatever became of the log."""

import msgspec
import pytest

from data.domain.events import Data
from data.domain.quarantine import Quarantined, QuarantineKind
from data.services.errors import Unavailable
from tests.contract.recordings import STREAM, good_of
from tests.contract.world import (
    NOW,
    PLANT,
    Clock,
    World,
    claim,
    claims,
    drain,
    good,
    plain,
    process,
    void,
    write_log,
)

LONG = "".join(map(str, range(9000)))  # compressed too, it is more than an index entry can be


POISON = {
    "no JSON": b"\xff not json",
    "an unknown field": b'{"id":"x","source":"mes","type":"operation.started",'
    b'"subject":"operation/SO-1/10","time":"2026-11-03T06:00:00Z",'
    b'"recorded_at":"2026-11-03T06:00:00Z","data":{"bad\\u0000name":1}}',
    "a subject without its parts": msgspec.json.encode(plain("x", Data(), "operation")),
    "a subject of too many parts": msgspec.json.encode(plain("x", Data(), "operation/a/b/c")),
    "an unknown kind": msgspec.json.encode(plain("x", Data(), "robot/a")),
    "a NUL": msgspec.json.encode(plain("x", Data(reason="a\0b"))),
    "a number too large": msgspec.json.encode(plain("x", Data(good=2**63 - 1, rework=2**62))),
    "a time without offset": msgspec.json.encode(plain("x", Data())).replace(b"00Z", b"00", 1),
    "an id too long for an index": msgspec.json.encode(plain(LONG, Data())),
}  # fmt: skip


def test_poisoned_entries_are_put_aside_and_the_others_land(running: World) -> None:
    recorder = running.recorder()
    for number, raw in enumerate(POISON.values()):
        running.accept(good(f"before-{number}", 10))
        running.client.xadd(STREAM, {"e": raw, "d": b"digest"})
    running.accept(good("after", 1))
    drain(recorder)
    assert good_of(running) == 10 * len(POISON) + 1
    kept = running.rows("SELECT kind, raw, reason FROM quarantine ORDER BY number")
    assert {raw for _, raw, _ in kept} == set(POISON.values())
    assert len(kept) == len(POISON)
    assert all(kind == "poison" and reason for kind, _, reason in kept)
    assert drain(recorder) == 0


def test_a_foreign_entry_and_a_broken_quarantine_record_are_put_aside_too(running: World) -> None:
    recorder = running.recorder()
    running.client.xadd(STREAM, {"something": "else"})
    running.log.append_quarantined(PLANT.id, [b"no json"])
    running.accept(good("a"))
    drain(recorder)
    assert running.rows("SELECT kind FROM quarantine") == [("poison",), ("poison",)]
    assert "a" in running.recorded_ids()


def test_quarantined_inputs_are_stored_whatever_they_say(running: World) -> None:
    made = Quarantined(
        kind=QuarantineKind.UNANSWERABLE, source="m\0x", event_id="\0", field="data",
        reason="bad \0", raw=b"\0\xff", received_at=NOW,
    )  # fmt: skip
    running.log.append_quarantined(PLANT.id, [msgspec.json.encode(made)])
    drain(running.recorder())
    assert running.rows("SELECT source, event_id, raw FROM quarantine") == [
        ("m\ufffdx", "\ufffd", b"\0\xff")
    ]


def test_two_recorders_have_one_effect_and_the_second_takes_over(running: World) -> None:
    running.accept(good("a", 3))
    first, second = running.recorder(), running.recorder()
    assert first.step(None) == 4
    assert (second.step(None), second.holds_site) == (0, False)
    running.accept(good("b", 4))
    assert second.step(None) == 0
    first.close()
    assert second.step(None) == 1
    assert good_of(running) == 7


def test_one_that_lost_its_lock_unnoticed_writes_no_more(running: World) -> None:
    first, second = running.recorder(), running.recorder()
    drain(first)
    running.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE application_name = 'recorder'")  # fmt: skip
    running.accept(good("a", 3))
    drain(second)
    running.accept(good("b", 4))
    with pytest.raises(Unavailable):
        first.step(None)
    assert first.step(None) == 0
    assert not first.holds_site
    drain(second)
    assert good_of(running) == 7


def test_events_that_are_recorded_already_are_left_out_and_the_rest_lands(running: World) -> None:
    recorder = running.recorder()
    running.accept(good("a", 3))
    drain(recorder)
    running.client.delete(*running.client.keys("mp:{plant}:i:*"))
    again = claims(good("a", 3), good("b", 4), good("a", 5))
    for one in again:  # as if the memory of identities had been lost in between
        running.client.xadd(STREAM, {"e": one.payload, "d": one.digest})
        running.client.xadd(STREAM, {"e": one.payload, "d": one.digest})
    drain(recorder)
    assert running.recorded_ids()[:2] == ["a", "b"]
    assert good_of(running) == 7
    assert running.rows("SELECT kind, event_id FROM quarantine") == [("conflict", "a")] * 2
    assert drain(recorder) == 0


def test_a_log_that_began_anew_is_read_from_its_start_and_passed(running: World) -> None:
    recorder = running.recorder()
    running.accept(good("a", 3))
    drain(recorder)
    running.client.flushall()
    write_log(running.log, [])
    running.client.set("mp:{plant}:epoch", "epoch-2")
    for number, one in enumerate(claims(good("a", 3), good("b", 4)), 1):
        running.client.xadd(STREAM, {"e": one.payload, "d": one.digest}, id=f"5-{number}")
    assert drain(recorder) == 2
    assert running.rows("SELECT epoch, after FROM reader") == [("epoch-2", "5-2")]
    assert good_of(running) == 7


def test_trimming_waits_a_while_and_never_passes_what_is_recorded(
    redis_url: str, database_url: str
) -> None:
    clock = Clock()
    with process(redis_url, database_url, clock) as world:
        world.log.warm(PLANT.id, "e", {})
        recorder = world.recorder()
        drain(recorder)
        _put(world, 500)
        drain(recorder)
        place = world.log.last_offset(PLANT.id)
        clock.advance(seconds=31)
        recorder.step(None)
        assert world.client.xlen(STREAM) == 500  # a board that is behind can still read it
        _put(world, 500)
        clock.advance(seconds=31)
        recorder.step(None)
        first = world.log.first_offset(PLANT.id)
        assert world.client.xlen(STREAM) <= 600
        assert _ordered(first) <= _ordered(place)


def _put(world: World, count: int) -> None:
    start = world.client.xlen(STREAM)
    events = [plain(f"{start}-{n}", Data(good=1)) for n in range(count)]
    world.log.append(PLANT.id, [claim(event) for event in events])


def _ordered(offset: str | None) -> tuple[int, ...]:
    return tuple(map(int, (offset or "0-0").split("-")))


def test_a_full_log_is_emptied_by_the_recorder(running: World) -> None:
    recorder = running.recorder()
    drain(recorder)
    _put(running, 1000)
    running.client.config_set("maxmemory", "1")
    try:
        drain(recorder)
        assert running.client.xlen(STREAM) <= 100
    finally:
        running.client.config_set("maxmemory", "1gb")
    running.accept(good("a"))
    drain(recorder)
    assert len(running.recorded_ids()) == 1004


def test_an_unreachable_history_stops_the_recorder_and_nothing_counts_twice(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = running.recorder()
    running.accept(good("a", 3))
    drain(recorder)
    recorder.close()
    recorder = running.recorder()
    recorder.step(None)
    running.accept(good("b", 4), void("v", "a"))
    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        patch.setattr(running.history, "ledger", _away)
        recorder.step(None)
    assert not recorder.holds_site
    drain(recorder)
    assert good_of(running) == 4
    assert running.rows("SELECT good FROM output") == [(4,)]


def _away(*_: object) -> None:
    raise Unavailable("gone")
