"""The HTTP API on real engines, as machines and planning systems use it."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from callbacks.api import MAX_EVENTS, MAX_EVENTS_BYTES, Api
from callbacks.hub import Hub
from callbacks.operating import Operating
from data.connectors.plan_files import EXAMPLE_SITE, read_plan, template, write_plan
from data.services import keys as keys_module
from data.services.keys import KNOWN_FOR_S, Keys
from data.store.embedded import EmbeddedPostgres
from data.store.keys import KeyStore
from data.stream.embedded import EmbeddedRedis
from tests.contract.world import (
    NOW,
    PLANT,
    World,
    completed,
    drain,
    envelope,
    good,
    order,
    plan_document,
    process,
    site_document,
)

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Caller:
    """One process's API, called with one key."""

    def __init__(self, world: World, key: str, http: FlaskClient) -> None:
        self.world = world
        self.key = key
        self.http = http

    def call(self, method: str, path: str, body: Any, kind: str, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": kind, **headers}
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.http.open(f"/api/v1{path}", method=method, data=data, headers=sent)

    def post(self, body: Any, kind: str = STRUCTURED, **headers: str) -> TestResponse:
        return self.call("POST", "/events", body, kind, **headers)

    def put(self, path: str, body: Any, kind: str = JSON) -> TestResponse:
        return self.call("PUT", path, body, kind)


def api_of(world: World, **key: Any) -> Caller:
    keys = Keys(KeyStore(world.sql), world.clock)
    api = Api(world.ingest, world.sites, keys, world.log, read_plan, template, world.clock)
    pings = {"log": world.log.ping, "history": world.history.ping}
    server = Flask("test")
    server.register_blueprint(api.blueprint())
    server.register_blueprint(Operating(world.sites, Hub("build"), pings).blueprint())
    made = keys.create(**{"site": PLANT.id, "source": "mes", **key})
    return Caller(world, made, server.test_client())


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        yield made


@pytest.fixture
def fresh(world: World) -> Caller:
    """An API that knows no site yet."""
    return api_of(world)


@pytest.fixture
def caller(world: World) -> Caller:
    world.open(order("SO-1"))
    return api_of(world)


@pytest.fixture
def elsewhere(redis_url: str, database_url: str, caller: Caller) -> Iterator[Caller]:
    """The same API in another process, with the same key."""
    with process(redis_url, database_url) as other:
        made = api_of(other)
        made.key = caller.key
        yield made


def binary(one: dict[str, Any]) -> dict[str, str]:
    return {
        f"ce-{name}": quote(value, safe=":/+")
        for name, value in one.items()
        if name != "data" and value is not None
    }


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
    slow = api_of(world, rate_per_s=10.0)
    batch = [good(f"e{n}") for n in range(MAX_EVENTS)]
    assert slow.post(batch, BATCH).status_code == 200
    answer = slow.post([good(f"f{n}") for n in range(50)], BATCH)
    assert answer.status_code == 429
    assert 4 <= int(answer.headers["Retry-After"]) <= 6
    assert "f0" not in [entry for entry in world.log.read(PLANT.id, "0-0", 9999, None)]


def test_a_plan_larger_than_a_keys_rate_can_be_sent_at_all(world: World) -> None:
    world.open()
    slow = api_of(world, rate_per_s=10.0)
    orders = [order(f"SO-{n}") for n in range(MAX_EVENTS + 200)]
    answer = slow.put("/orders", write_plan(orders, "json", PLANT))
    assert (answer.status_code, answer.json["accepted"]) == (200, len(orders))


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


def test_a_whole_site_is_set_up_through_the_api_without_a_pause(fresh: Caller) -> None:
    assert fresh.put("/orders", {"orders": []}).status_code == 404
    assert fresh.put("/site", msgspec.to_builtins(PLANT)).json["accepted"] == 1
    plan = write_plan([order("SO-1"), order("SO-2")], "json", PLANT)
    assert fresh.put("/orders", plan).json["accepted"] == 2
    assert fresh.post([good("a"), good("b")], BATCH).json["accepted"] == 2
    signals = fresh.call("POST", "/signals", {"work_units": ["W1"]}, JSON)
    assert signals.status_code == 204
    assert fresh.world.log.signals(PLANT.id) == {"W1": NOW.timestamp()}


def test_any_process_knows_what_another_just_acknowledged(
    caller: Caller, elsewhere: Caller
) -> None:
    both: tuple[Caller, Caller] = (caller, elsewhere)
    for n in range(4):
        one, other = both[n % 2], both[(n + 1) % 2]
        plan = write_plan([order(f"SO-1{n}")], "json", PLANT)
        assert one.put("/orders", plan).json["accepted"] == 1
        started = envelope(f"s{n}", "operation.started", f"operation/SO-1{n}/10")
        assert other.post(started).json["accepted"] == 1


def test_a_new_machine_may_be_planned_for_at_once_in_any_process(
    caller: Caller, elsewhere: Caller
) -> None:
    assert elsewhere.put("/orders", {"orders": []}).status_code in (200, 422)
    unit = msgspec.structs.replace(PLANT.work_units[0], id="W3")
    model = msgspec.structs.replace(PLANT, work_units=(*PLANT.work_units, unit))
    caller.world.clock.advance(seconds=1)
    elsewhere.world.clock.advance(seconds=1)
    assert caller.put("/site", msgspec.to_builtins(model)).json["accepted"] == 1
    signals = elsewhere.call("POST", "/signals", {"work_units": ["W3"]}, JSON)
    assert signals.status_code == 204


@pytest.mark.parametrize(("form", "kind"), [("json", JSON), ("csv", "text/csv"), ("xlsx", XLSX)])
def test_a_downloaded_template_imports_at_a_site_that_has_what_it_names(
    fresh: Caller, form: str, kind: str
) -> None:
    fresh = api_of(fresh.world, site=EXAMPLE_SITE.id)
    assert fresh.put("/site", msgspec.to_builtins(EXAMPLE_SITE)).json["accepted"] == 1
    sheet = fresh.http.get(f"/api/v1/orders/template.{form}")
    assert (sheet.status_code, sheet.mimetype) == (200, kind)
    assert f"milepost-plan.{form}" in sheet.headers["Content-Disposition"]
    answer = fresh.put("/orders", sheet.data, kind)
    assert (answer.status_code, answer.json["accepted"]) == (200, 2)
    assert fresh.put("/orders", sheet.data, kind).json["duplicate"] == 2


def test_there_is_no_template_in_another_form(fresh: Caller) -> None:
    assert fresh.http.get("/api/v1/orders/template.pdf").status_code == 404


def test_a_plan_with_errors_changes_nothing_and_names_row_column_and_reason(
    caller: Caller,
) -> None:
    plan = [order("SO-7"), order("SO-8", area="Z")]
    answer = caller.put("/orders", write_plan(plan, "csv", PLANT), "text/csv")
    assert answer.status_code == 422
    first = answer.json["errors"][0]
    assert first["row"] > 1
    assert first["column"] and first["reason"]
    assert set(caller.world.live().board.orders) == {"SO-1"}
    garbage = caller.put("/orders", b"\x00\xff", XLSX)
    assert garbage.status_code == 422
    assert garbage.json["errors"][0]["reason"]


def test_a_plan_may_go_back_to_what_it_was(caller: Caller) -> None:
    def plan(quantity: int) -> Any:
        caller.world.clock.advance(seconds=1)
        body = write_plan([order("SO-5", quantity=quantity)], "json", PLANT)
        return caller.put("/orders", body).json

    assert plan(10)["accepted"] == 1
    assert plan(20)["accepted"] == 1
    assert plan(20) == {"accepted": 0, "duplicate": 1, "refused": 0, "results": []}
    assert plan(10)["accepted"] == 1
    state = caller.world.live().board.orders["SO-5"]
    assert state.plan is not None
    assert state.plan.quantity == 10


def test_signals_of_unknown_machines_are_refused(caller: Caller) -> None:
    for units in ("W1", [1], ["W9"], ["\u2028\u0000"], None):
        answer = caller.call("POST", "/signals", {"work_units": units}, JSON)
        assert (answer.status_code, answer.json["field"]) == (422, "work_units"), units
    for body in ({}, [], None):
        assert caller.call("POST", "/signals", body, JSON).status_code == 422


def test_a_wrong_site_document_is_refused_and_changes_nothing(caller: Caller) -> None:
    wrong: list[tuple[Any, str]] = [
        ({"id": "other", "name": "x"}, "data.site.id"),
        ({"id": "plant"}, "data.site"),
        ({"id": "plant", "name": "x", "timezone": "Mars"}, "data.site.timezone"),
        ([], "data.site"),
        (None, "data.site"),
    ]
    for body, field in wrong:
        answer = caller.put("/site", body)
        assert answer.status_code == 422, body
        assert answer.json["results"][0]["field"] == field
    assert caller.world.live().board.site == PLANT


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


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@st.composite
def bent(draw: st.DrawFn) -> Any:
    """An event with some of it replaced by anything."""
    made: Callable[[], dict[str, Any]] = draw(
        st.sampled_from(
            [
                lambda: good("a"),
                lambda: plan_document(order("SO-1")),
                lambda: site_document(),
                lambda: completed("c", "operation/SO-1/10"),
                lambda: envelope("u", "work_unit.state_changed", "work-unit/W1", {"state": "down"}),
                lambda: envelope("v", "event.voided", "need/SO-1/n1", {"event_id": "x"}),
            ]
        )
    )
    one: Any = made()
    for _ in range(draw(st.integers(0, 3))):
        place = one
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            deeper = isinstance(place[key], dict | list) and place[key]
            if not deeper or draw(st.booleans()):
                place[key] = draw(anything)
                break
            place = place[key]
    return one


ONCE = settings(
    max_examples=120, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@ONCE
@given(bodies=st.lists(bent() | anything, max_size=3), kind=st.sampled_from([STRUCTURED, BATCH]))
def test_whatever_is_sent_it_is_never_the_servers_fault(
    caller: Caller, bodies: list[Any], kind: str
) -> None:
    answer = caller.post(bodies if kind == BATCH else (bodies or [None])[0], kind)
    assert answer.status_code < 500
    assert answer.is_json
    for result in answer.json.get("results", ()):
        assert result["status"] != "refused" or (result["field"] and result["reason"])


@ONCE
@given(body=st.binary(max_size=60), kind=st.sampled_from([STRUCTURED, BATCH, JSON]))
def test_nor_for_any_bytes(caller: Caller, body: bytes, kind: str) -> None:
    headers = binary(good("a")) if kind == JSON else {}
    assert caller.post(body, kind, **headers).status_code < 500


@ONCE
@given(attributes=st.dictionaries(
    st.sampled_from(["specversion", "id", "source", "type", "subject", "time"]),
    st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20),
))  # fmt: skip
def test_nor_for_any_headers(caller: Caller, attributes: dict[str, str]) -> None:
    headers = {**binary(good("a")), **{f"ce-{k}": v for k, v in attributes.items()}}
    assert caller.post(good("a")["data"], JSON, **headers).status_code < 500


def test_all_that_was_accepted_of_it_can_be_recorded(caller: Caller) -> None:
    """What the door takes, SQL can hold."""

    @settings(parent=ONCE, max_examples=60)
    @given(bodies=st.lists(bent(), min_size=1, max_size=4))
    def send(bodies: list[Any]) -> None:
        for number, body in enumerate(bodies):
            if isinstance(body, dict) and isinstance(body.get("id"), str):
                body["id"] = f"{body['id']}{number}{caller.world.client.incr('n')}"
        caller.post(bodies, BATCH)

    send()
    recorder = caller.world.recorder()
    drain(recorder)
    assert caller.world.rows("SELECT reason FROM quarantine WHERE kind = 'poison'") == []
