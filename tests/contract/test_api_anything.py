"""Whatever is sent to the HTTP API, it is never the server's fault; what it takes can be kept."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contract.calling import BATCH, JSON, STRUCTURED, Caller, api_of, binary
from tests.contract.world import (
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


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        yield made


@pytest.fixture
def caller(world: World) -> Caller:
    world.open(order("SO-1"))
    return api_of(world)


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
