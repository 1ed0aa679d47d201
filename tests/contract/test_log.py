"""The log on a real Redis: append once, refuse when full, fail fast when it is gone."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from data.services.errors import Cold, Overloaded, Unavailable
from data.services.ports import Claim
from data.stream import log as log_module
from data.stream.embedded import EmbeddedRedis
from data.stream.log import EventLog, connect, key_of
from tests.contract.world import claims, entries_of, good

SITE = "plant"
AT_ONCE_S = 60.0  # on the slowest machine: ten times as long is what would be waited for


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    made = connect(redis_url)
    yield made
    made.close()
    made.connection_pool.disconnect()


@pytest.fixture
def log(client: redis.Redis) -> EventLog:
    made = EventLog(client)
    made.warm(SITE, "epoch-1", {})
    return made


@pytest.fixture
def full(client: redis.Redis, log: EventLog) -> Iterator[EventLog]:
    """A log without any room."""
    log.append(SITE, claims(good("before")))
    before = client.config_get("maxmemory")["maxmemory"]
    client.config_set("maxmemory", "1")
    yield log
    client.config_set("maxmemory", before)


def test_appends_in_order_and_reads_back_what_was_appended(log: EventLog) -> None:
    made = claims(good("a"), good("b"), good("c"))
    assert log.append(SITE, made) == ["accepted"] * 3
    entries = log.read(SITE, "0-0", 10, None)
    assert [(e.payload, e.digest) for e in entries] == [(c.payload, c.digest) for c in made]
    assert log.last_offset(SITE) == entries[-1].offset
    assert log.first_offset(SITE) == entries[0].offset
    assert log.read(SITE, entries[0].offset, 1, None) == [entries[1]]


def test_identities_are_remembered_for_as_long_as_is_set(client: redis.Redis) -> None:
    log = EventLog(client, remember_h=6)
    log.warm(SITE, "epoch-1", {("test", "recorded"): b"d"})
    log.append(SITE, claims(good("a")))
    kept = client.keys(key_of(SITE, "i:*"))
    assert len(kept) == 2
    assert all(6 * 3600 - 60 < client.ttl(key) <= 6 * 3600 for key in kept)


def test_the_same_event_again_is_a_duplicate_and_another_body_a_conflict(log: EventLog) -> None:
    log.append(SITE, claims(good("a", 1)))
    assert log.append(SITE, claims(good("a", 1), good("a", 2))) == ["duplicate", "conflict"]
    assert len(log.read(SITE, "0-0", 10, None)) == 1


def test_an_identity_is_source_and_id_together(log: EventLog) -> None:
    twins = claims(good("a"), good("a", source="scanner"))
    assert log.append(SITE, twins) == ["accepted", "accepted"]
    glued = [Claim("x\ny", "z", b"1", b"{}"), Claim("x", "y\nz", b"2", b"{}")]
    assert log.append(SITE, glued) != ["accepted", "accepted"]  # so the door refuses line breaks


def test_a_request_may_hold_the_same_event_twice(log: EventLog) -> None:
    assert log.append(SITE, claims(good("a"), good("a"))) == ["accepted", "duplicate"]


def test_senders_who_race_with_the_same_events_add_each_once(log: EventLog) -> None:
    made = claims(*(good(f"e{n}") for n in range(50)))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: log.append(SITE, made), range(8)))
    assert [sorted(column).count("accepted") for column in zip(*outcomes, strict=True)] == [1] * 50
    assert len(log.read(SITE, "0-0", 1000, None)) == 50


def test_a_retry_after_a_lost_reply_is_a_duplicate(
    log: EventLog, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = claims(good("a"))
    execute = redis.Redis.execute_command

    def lose_the_reply(self: redis.Redis, *arguments: object, **options: object) -> object:
        answer = execute(self, *arguments, **options)
        if arguments[0] in ("EVALSHA", "EVAL"):
            raise redis.TimeoutError("Timeout reading from socket")
        return answer

    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        patch.setattr(redis.Redis, "execute_command", lose_the_reply)
        log.append(SITE, made)
    assert log.append(SITE, made) == ["duplicate"]
    assert len(entries_of(client)) == 1


def test_an_emptied_log_takes_nothing_before_it_is_told_what_is_recorded(
    log: EventLog, client: redis.Redis
) -> None:
    recorded, new = claims(good("a"), good("b"))
    client.flushall()
    with pytest.raises(Cold):
        log.append(SITE, [new])
    assert log.epoch(SITE) is None
    log.warm(SITE, "epoch-2", {(recorded.source, recorded.id): recorded.digest})
    assert log.append(SITE, [recorded, new]) == ["duplicate", "accepted"]
    assert log.epoch(SITE) == "epoch-2"


def test_whoever_warms_it_second_changes_nothing(log: EventLog) -> None:
    made = claims(good("a"))
    log.append(SITE, made)
    log.warm(SITE, "epoch-2", {(made[0].source, made[0].id): b"other"})
    assert log.epoch(SITE) == "epoch-1"
    assert log.append(SITE, made) == ["duplicate"]


def test_it_is_warm_only_when_all_it_should_remember_is_there(
    log: EventLog, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "_WARM_CHUNK", 2)
    client.flushall()
    epochs: list[str | None] = []

    def remembered() -> Iterator[tuple[tuple[str, str], bytes]]:
        for n in range(7):
            epochs.append(log.epoch(SITE))
            yield ("mes", f"e{n}"), b"digest"

    class Digests(dict):
        def items(self):  # type: ignore[no-untyped-def]
            return remembered()

    log.warm(SITE, "epoch-2", Digests())
    assert epochs == [None] * 7
    assert (
        log.append(SITE, [Claim("mes", f"e{n}", b"digest", b"") for n in range(7)])
        == ["duplicate"] * 7
    )


def test_an_identity_is_remembered_for_a_day(log: EventLog, client: redis.Redis) -> None:
    log.append(SITE, claims(good("a")))
    (key,) = client.keys("mp:{plant}:i:*")
    assert 24 * 3600 - 60 < client.ttl(key) <= 24 * 3600


def test_a_full_log_refuses_in_words_and_can_still_be_read_and_trimmed(full: EventLog) -> None:
    with pytest.raises(Overloaded):
        full.append(SITE, claims(good("after")))
    with pytest.raises(Overloaded):
        full.append_quarantined(SITE, [b"{}"])
    (entry,) = full.read(SITE, "0-0", 10, None)
    assert full.last_offset(SITE) == entry.offset
    full.trim(SITE, entry.offset)
    assert full.sites() == set()
    assert full.epoch(SITE) == "epoch-1"


def test_a_full_log_takes_no_part_of_a_request(full: EventLog, client: redis.Redis) -> None:
    made = claims(*(good(f"e{n}") for n in range(20)))
    with pytest.raises(Overloaded):
        full.append(SITE, made)
    assert len(entries_of(client)) == 1
    client.config_set("maxmemory", "1gb")
    assert full.append(SITE, made) == ["accepted"] * 20


def test_trimming_drops_what_is_below_however_much_it_is(
    log: EventLog, client: redis.Redis
) -> None:
    pipe = client.pipeline(transaction=False)
    for number in range(1, 25_001):
        pipe.xadd("mp:{plant}:events", {"e": b"x", "d": b"d"}, id=f"{number}-0")
    pipe.execute()
    log.trim(SITE, "24950-0")
    assert client.xlen("mp:{plant}:events") <= 200  # whole nodes go, so a few stay behind
    assert int(log.first_offset(SITE).partition("-")[0]) <= 24_950  # never beyond


def test_a_reader_waits_for_the_first_entry_and_gets_it_at_once(log: EventLog) -> None:
    waiting = threading.Thread(target=lambda: log.append(SITE, claims(good("late"))))
    waiting.start()
    while not (entries := log.read(SITE, "0-0", 10, 1000)):
        assert waiting.is_alive() or log.last_offset(SITE)
    waiting.join()
    assert len(entries) == 1
    assert log.read(SITE, entries[0].offset, 10, 1) == []


def test_quarantined_inputs_travel_through_the_log_apart_from_events(log: EventLog) -> None:
    log.append_quarantined(SITE, [b"one", b"two"])
    entries = log.read(SITE, "0-0", 10, None)
    assert [(e.payload, e.digest) for e in entries] == [(b"one", None), (b"two", None)]


def test_signals_readers_and_sites_are_kept(log: EventLog) -> None:
    log.signal(SITE, ["W1", "W2"], 5.25)
    log.signal(SITE, [], 6.0)
    assert log.signals(SITE) == {"W1": 5.25, "W2": 5.25}
    log.note_reader(SITE, "recorder", "7-1", 8.5)
    assert log.readers(SITE) == {"recorder": ("7-1", 8.5)}
    log.announce(SITE)
    log.announce("other")
    assert log.sites() == {SITE, "other"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("READONLY You can't write against a read only replica.", Unavailable),
        ("NOREPLICAS Not enough good replicas to write.", Unavailable),
        ("MASTERDOWN Link with MASTER is down", Unavailable),
        ("MISCONF Errors writing to the AOF file: No space left on device", Overloaded),
        ("OOM command not allowed when used memory > 'maxmemory'.", Overloaded),
    ],
)
def test_every_passing_refusal_of_redis_is_one_to_try_again(
    log: EventLog, monkeypatch: pytest.MonkeyPatch, said: str, meant: type[Exception]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise redis.ResponseError(said)

    monkeypatch.setattr(redis.Redis, "execute_command", refuse)
    with pytest.raises(meant):
        log.append(SITE, claims(good("a")))


def test_without_redis_everything_says_so_and_nothing_waits_for_it(
    redis_url: str, redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "TIMEOUT_S", 10 * AT_ONCE_S)
    client = connect(redis_url)
    log = EventLog(client)
    log.warm(SITE, "epoch-1", {})
    redis_server.kill()
    asked = [
        lambda: log.append(SITE, claims(good("a"))),
        lambda: log.append_quarantined(SITE, [b""]),
        lambda: log.warm(SITE, "e", {}),
        lambda: log.read(SITE, "0-0", 1, 1000),
        lambda: log.epoch(SITE),
        lambda: log.trim(SITE, "1-0"),
        lambda: log.sites(),
        log.ping,
    ]
    begun = time.monotonic()
    for ask in asked:
        with pytest.raises(Unavailable):
            ask()
    assert time.monotonic() - begun < AT_ONCE_S
    client.close()
    client.connection_pool.disconnect()


def test_a_redis_that_answers_no_more_is_given_up_in_time(
    log: EventLog, redis_url: str, redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "TIMEOUT_S", 0.3)
    client = connect(redis_url)
    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            EventLog(client).append(SITE, claims(good("a")))
        assert time.monotonic() - begun < AT_ONCE_S
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
        client.close()
        client.connection_pool.disconnect()


def test_after_a_restart_of_redis_it_goes_on_with_all_that_was_acknowledged(
    log: EventLog, redis_server: EmbeddedRedis
) -> None:
    made = claims(*(good(f"e{n}") for n in range(5)))
    log.append(SITE, made)
    redis_server.kill()
    redis_server.start()
    assert log.append(SITE, made) == ["duplicate"] * 5
    assert len(log.read(SITE, "0-0", 10, None)) == 5
