"""Events over the HTTP API on real engines, as machines send them: forms, keys, limits, outages."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from callbacks.api import MAX_EVENTS, MAX_EVENTS_BYTES
from data.services import keys as keys_module
from data.services.keys import KNOWN_FOR_S
from data.store.embedded import EmbeddedPostgres
from data.store.keys import KeyStore
from data.stream.embedded import EmbeddedRedis
from tests.contract.calling import BATCH, JSON, STRUCTURED, Caller, api_of, binary
from tests.contract.world import NOW, PLANT, World, drain, good, order, plan_document, process


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        yield made


@pytest.fixture
def caller(world: World) -> Caller:
    world.open(order("SO-1"))
    return api_of(world)


def test_an_event_comes_in_each_form_of_cloudevents(caller: Caller) -> None:
    accepted = {"accepted": 1, "duplicate": 0, "refused": 0}
    for answer in (
        caller.post(good("a")),
        caller.post(good("b")["data"], JSON, **binary(good("b"))),
        caller.post([good("c")], BATCH),
    ):
        assert answer.status_code == 200
        results = answer.json.pop("results")
        assert {k: v for k, v in answer.json.items() if k != "results"} == accepted
        assert results[0]["status"] == "accepted"
    drain(caller.world.recorder())
    assert caller.world.recorded_ids()[:3] == ["a", "b", "c"]


def test_the_three_forms_of_an_event_are_one_event(caller: Caller) -> None:
    one = good("工单 100%/ä")
    caller.post(one)
    assert caller.post([one], f"{BATCH}; charset=UTF-8").json["duplicate"] == 1
    assert caller.post(one["data"], JSON, **binary(one)).json["duplicate"] == 1


def test_a_batch_is_not_lost_for_one_bad_event(caller: Caller) -> None:
    batch = [good("a"), {"id": "bad", "source": "mes"}, good("b"), good("a")]
    answer = caller.post(batch, BATCH)
    assert answer.status_code == 200
    assert (answer.json["accepted"], answer.json["refused"], answer.json["duplicate"]) == (2, 1, 1)
    assert answer.json["results"][1] == {
        "id": "bad", "status": "refused", "field": "type",
        "reason": answer.json["results"][1]["reason"],
    }  # fmt: skip


REFUSED: list[tuple[Any, str]] = [
    (good("a", -1), "data.good"),
    (good("a", subject="operation/SO-9/10"), "subject"),
    (good("a", unit="W9"), "data.work_unit"),
    ({**good("a"), "time": "yesterday"}, "time"),
    ({**good("a"), "time": "2026-11-03T06:00:00"}, "time"),
    (good("a", at=NOW + timedelta(hours=1)), "time"),
    ({**good("a"), "specversion": "0.3"}, "specversion"),
    ({**good("a"), "type": "x"}, "type"),
    ({**good("a"), "data": {"god": 1}}, "data.god"),
    ({**good("a"), "id": None}, "id"),
    (good("a", source="someone else"), "source"),
    (["not an object"], "$"),
    (plan_document(order("SO-2", area="Z")), "data.order.area"),
]


def test_a_single_event_that_is_refused_answers_422_with_field_and_reason(
    caller: Caller,
) -> None:
    for one, field in REFUSED:
        answer = caller.post(one)
        assert answer.status_code == 422, one
        (result,) = answer.json["results"]
        assert result["field"] == field
        assert result["reason"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/events"), ("PUT", "/orders"), ("PUT", "/site"), ("POST", "/signals")],
)
def test_without_a_key_nothing_is_taken(caller: Caller, method: str, path: str) -> None:
    for said in (None, "Basic eDp5", "Bearer ", "Bearer mp_00000000_x", "Bearer \u00e9"):
        headers = {"Authorization": said} if said else {}
        answer = caller.http.open(f"/api/v1{path}", method=method, headers=headers, data=b"{}")
        assert answer.status_code == 401, said
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json["title"]


def test_a_revoked_key_stops_within_seconds(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert caller.post(good("a")).status_code == 200
    KeyStore(caller.world.sql).revoke(caller.key.split("_")[1], NOW)
    monotonic = keys_module.time.monotonic
    monkeypatch.setattr(keys_module.time, "monotonic", lambda: monotonic() + KNOWN_FOR_S)
    assert caller.post(good("b")).status_code == 401


def test_a_key_reaches_its_own_site_alone(caller: Caller) -> None:
    stranger = api_of(caller.world, site="other")
    assert stranger.post(good("a")).status_code == 422
    assert stranger.put("/orders", {"orders": []}).status_code == 404
    answer = stranger.call("POST", "/signals", {"work_units": ["W1"]}, JSON)
    assert (answer.status_code, answer.json["title"]) == (404, "there is no such site")
    assert stranger.put("/site", {"id": PLANT.id, "name": "mine"}).status_code == 422
    assert caller.world.live().board.site == PLANT


def test_an_unknown_form_answers_415_and_says_what_is_expected(caller: Caller) -> None:
    for kind in ("text/plain", JSON, "", "application/xml"):
        answer = caller.post(good("a"), kind)
        assert answer.status_code == 415, kind
        assert STRUCTURED in answer.json["title"]
    assert caller.put("/orders", b"x", "text/plain").status_code == 415


@pytest.mark.parametrize("kind", [STRUCTURED, BATCH])
def test_what_is_no_json_answers_400(caller: Caller, kind: str) -> None:
    bodies = [b"", b"{", b"\xff\xfe", b'"\xff"', b'{"id": 1e999}', b"[" * 100_000, b"\0"]
    for body in bodies:
        answer = caller.post(body, kind)
        assert answer.status_code == 400, body
        assert "JSON" in answer.json["title"]
        assert caller.put("/site", body).status_code == 400
    assert caller.post(b"{}", BATCH).status_code == 400


def test_a_header_that_is_no_utf8_answers_400(caller: Caller) -> None:
    answer = caller.post({}, JSON, **{**binary(good("a")), "ce-id": "%FF"})
    assert (answer.status_code, answer.json["field"]) == (400, "id")


def test_too_much_at_once_answers_413(caller: Caller) -> None:
    assert caller.post([good("a")] * (MAX_EVENTS + 1), BATCH).status_code == 413
    assert caller.post(b" " * (MAX_EVENTS_BYTES + 1)).status_code == 413
    full = caller.post([good(f"e{n}") for n in range(MAX_EVENTS)], BATCH)
    assert full.json["accepted"] == MAX_EVENTS


def test_too_much_without_a_length_answers_413_too(caller: Caller) -> None:
    answer = caller.http.post(
        "/api/v1/events",
        input_stream=io.BytesIO(b" " * (MAX_EVENTS_BYTES + 10)),
        headers={"Authorization": f"Bearer {caller.key}", "Content-Type": STRUCTURED},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


def test_a_key_over_its_rate_answers_429_with_when_to_come_back(world: World) -> None:
    world.open(order("SO-1"))
    slow = api_of(world, rate_per_s=0.01)  # a slow machine needs seconds for a full batch
    batch = [good(f"e{n}") for n in range(MAX_EVENTS)]
    assert slow.post(batch, BATCH).status_code == 200
    answer = slow.post([good(f"f{n}") for n in range(50)], BATCH)
    assert answer.status_code == 429
    assert 4900 < int(answer.headers["Retry-After"]) <= 5001
    assert "f0" not in [entry for entry in world.log.read(PLANT.id, "0-0", 9999, None)]


def test_an_engine_that_is_away_answers_503_with_when_to_come_back(
    caller: Caller, redis_server: EmbeddedRedis
) -> None:
    assert caller.post(good("a")).status_code == 200
    redis_server.kill()
    for answer in (
        caller.post(good("b")),
        caller.put("/orders", {"orders": []}),
        caller.put("/site", msgspec.to_builtins(PLANT)),
    ):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    redis_server.start()
    assert caller.post(good("b")).json["accepted"] == 1


def test_a_full_log_answers_503_with_when_to_come_back(caller: Caller) -> None:
    caller.world.client.config_set("maxmemory", "1")
    try:
        answer = caller.post(good("a"))
    finally:
        caller.world.client.config_set("maxmemory", "1gb")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert caller.post(good("a")).json["accepted"] == 1


def test_events_are_taken_without_sql_from_who_was_known(
    caller: Caller, postgres: EmbeddedPostgres
) -> None:
    caller.post(good("a"))
    postgres.kill()
    assert caller.post(good("b")).json["accepted"] == 1
    late = good("late", at=NOW - timedelta(days=3))
    answer = caller.post(late)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_readiness_needs_the_log_and_says_what_else_is_missing(
    caller: Caller, postgres: EmbeddedPostgres, redis_server: EmbeddedRedis
) -> None:
    caller.world.live()
    assert caller.http.get("/healthz").json == {"status": "alive"}
    ready = caller.http.get("/readyz")
    assert (ready.status_code, ready.json["missing"]) == (200, {})
    assert ready.json["sites"][PLANT.id]["loaded"]
    postgres.kill()
    without_sql = caller.http.get("/readyz")
    assert (without_sql.status_code, list(without_sql.json["missing"])) == (200, ["history"])
    redis_server.kill()
    assert caller.http.get("/readyz").status_code == 503
    assert caller.http.get("/healthz").status_code == 200


def test_metrics_count_events_and_ages(caller: Caller) -> None:
    caller.post(good("a"))
    shown = caller.http.get("/metrics").text
    assert 'milepost_events_total{site="plant",status="accepted"}' in shown
    assert 'milepost_event_age_seconds{site="plant"}' in shown
