"""More than can be worked off: refused before it queues, nothing taken is lost, and it passes.

The door on real engines, with limits so low that a few events are too many.
"""

from collections.abc import Iterator

import msgspec
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from callbacks.api import Api
from callbacks.hub import Hub
from callbacks.metrics import SHED
from callbacks.operating import Operating
from data.connectors.plan_files import read_plan, template
from data.services.admission import Admission, Limits, Why
from data.services.errors import Overloaded
from data.services.keys import Keys
from data.store.keys import KeyStore
from data.stream.room import LogRoom
from tests.contract.world import PLANT, World, drain, good, order, process

LIMITS = Limits(memory=0.9, backlog_s=600.0, board_s=600.0, in_flight=2, late_s=1.0)
SOON_S = 0.2
MANY = 5000  # tries in which a limit this low must have been met


class Door:
    """The API of one process, and a sender."""

    def __init__(self, world: World) -> None:
        self.world, self.late_s = world, 0.0
        self.admission = Admission(
            LogRoom(world.client), world.sites.places, lambda: self.late_s, LIMITS
        )
        keys = Keys(KeyStore(world.sql), world.clock)
        self._key = keys.create(PLANT.id, "mes", rate_per_s=1e6)
        api = Api(world.ingest, world.sites, keys, world.log, read_plan, template, world.clock,
                  self.admission)  # fmt: skip
        server = Flask("test")
        server.register_blueprint(api.blueprint())
        operating = Operating(world.sites, Hub("build"), {}, self.admission)
        server.register_blueprint(operating.blueprint())
        self.http = server.test_client()
        self.acknowledged: list[str] = []

    def lower(self, **to: float) -> None:
        """Set a limit so low that it is soon met."""
        self.admission._limits = msgspec.structs.replace(LIMITS, **to)

    def post(self, event_id: str) -> TestResponse:
        self.admission.look()
        head = {
            "Authorization": f"Bearer {self._key}", "Content-Type": "application/cloudevents+json",
        }  # fmt: skip
        answer = self.http.post("/api/v1/events", json=good(event_id), headers=head)
        if answer.status_code == 200:
            self.acknowledged.append(event_id)
        return answer

    def post_until_refused(self, name: str) -> TestResponse:
        for number in range(MANY):
            answer = self.post(f"{name}{number}")
            if answer.status_code != 200:
                return answer
        raise AssertionError("everything was taken")

    def shed(self, why: Why) -> float:
        return float(SHED.labels(PLANT.id, why)._value.get())


@pytest.fixture
def door(redis_url: str, database_url: str) -> Iterator[Door]:
    with process(redis_url, database_url) as world:
        world.open(order("SO-1"))
        yield Door(world)


def is_refused(answer: TestResponse) -> bool:
    told = answer.get_json()
    return (
        answer.status_code == 503
        and int(answer.headers["Retry-After"]) > 0
        and answer.mimetype == "application/problem+json"
        and bool(told["title"])
    )


def test_a_recorder_that_is_behind_shuts_the_door_and_opens_it_by_catching_up(door: Door) -> None:
    recorder = door.world.recorder()
    drain(recorder)
    door.lower(backlog_s=SOON_S)
    before = door.shed(Why.BACKLOG)
    assert is_refused(door.post_until_refused("e"))
    assert door.shed(Why.BACKLOG) == before + 1
    shown = door.world.live().board.existing("operation/SO-1/10")
    assert shown.good == len(door.acknowledged)  # type: ignore[union-attr]
    drain(recorder)
    assert door.post("again").status_code == 200
    drain(recorder)
    recorded = door.world.recorded_ids()
    assert set(door.acknowledged) < set(recorded)
    assert len(recorded) == len(door.acknowledged) + 2  # the plant and its plan


def test_a_log_that_is_nearly_full_is_refused_to_senders_while_it_can_still_be_emptied(
    door: Door,
) -> None:
    client, recorder = door.world.client, door.world.recorder()
    usual = client.config_get("maxmemory")["maxmemory"]
    drain(recorder)
    try:
        client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.08))
        before = door.shed(Why.MEMORY)
        assert is_refused(door.post_until_refused("e"))
        assert door.shed(Why.MEMORY) == before + 1
        door.world.log.note_reader(PLANT.id, "watch", "1-1", 1.0)  # this one Redis still takes
    finally:
        client.config_set("maxmemory", usual)
    assert door.post("again").status_code == 200
    drain(recorder)
    assert set(door.acknowledged) <= set(door.world.recorded_ids())


def test_too_many_at_once_are_refused_and_one_after_the_other_are_not(door: Door) -> None:
    with door.admission.entered(PLANT.id), door.admission.entered(PLANT.id):
        assert is_refused(door.post("e1"))
        with pytest.raises(Overloaded), door.admission.entered(PLANT.id):
            pass
    assert door.post("e1").status_code == 200
    door.late_s = 2.0
    with door.admission.entered(PLANT.id):
        assert is_refused(door.post("e2"))
    assert door.post("e2").status_code == 200


def test_a_board_that_is_behind_is_shown_before_more_is_taken(door: Door) -> None:
    door.lower(board_s=SOON_S)
    live = door.world.live()
    for number in range(MANY):
        assert door.post(f"e{number}").status_code == 200  # one after the other gets in
        if door.admission.boards[PLANT.id] >= SOON_S:
            break
    with door.admission.entered(PLANT.id):
        assert is_refused(door.post("late"))
        assert door.shed(Why.BOARD) >= 1
        live.read(None)
        assert door.post("late").status_code == 200


def test_what_is_refused_was_not_looked_at(door: Door) -> None:
    with door.admission.entered(PLANT.id), door.admission.entered(PLANT.id):
        answer = door.http.post("/api/v1/events", data=b"{", headers={"Authorization": "x"})
        assert answer.status_code == 401  # who may not send learns nothing of the load
        assert is_refused(door.post("e1"))
    drain(door.world.recorder())
    assert door.world.recorded_ids() == ["plan-SO-1", "site"]


def test_how_full_it_is_can_be_watched(door: Door) -> None:
    drain(door.world.recorder())
    door.lower(backlog_s=SOON_S)
    with door.admission.entered(PLANT.id):
        assert is_refused(door.post_until_refused("e"))
        said = door.http.get("/metrics").get_data(as_text=True)
    figures = dict(line.rsplit(" ", 1) for line in said.splitlines() if line[0] != "#")
    assert float(figures[f'milepost_log_backlog_seconds{{site="{PLANT.id}"}}']) >= SOON_S
    assert 0 < float(figures["milepost_log_memory_ratio"]) < 0.9
    assert float(figures["milepost_door_in_flight"]) == 1
    assert float(figures[f'milepost_shed_total{{site="{PLANT.id}",why="backlog"}}']) >= 1
