"""What the door refuses before it queues, and what it goes on taking."""

from collections.abc import Callable

import pytest

from data.services.admission import LOOK_S, Admission, Limits, Shed, Why
from data.services.errors import Overloaded, Unavailable

LIMITS = Limits(
    memory=0.9, backlog_s=600, waiting=1000, board_s=2, in_flight=3, late_s=1.0
)  # fmt: skip


class Log:
    """A log whose fullness a test sets."""

    def __init__(self) -> None:
        self.used, self.away = 0.1, False
        self.waiting = {"a": 0, "b": 0}
        self.behind = {"recorder": {"a": 0.0, "b": 0.0}, "board": {"a": 0.0, "b": 0.0}}

    def memory(self) -> float:
        if self.away:
            raise Unavailable("gone")
        return self.used

    def recorded(self, site: str) -> str:
        return "recorder"

    def held(self, site: str) -> int:
        return self.waiting[site]

    def behind_s(self, site: str, after: str) -> float:
        return self.behind[after][site]


class Process:
    """A process with an admission, whose delay a test sets."""

    def __init__(self) -> None:
        self.log, self.late_s = Log(), 0.0
        places = {"a": "board", "b": "board"}
        self.door = Admission(self.log, lambda: places, lambda: self.late_s, LIMITS)

    def refusal(self, site: str = "a") -> Why | None:
        self.door.look()
        try:
            with self.door.entered(site):
                return None
        except Shed as shed:
            return shed.why


@pytest.fixture
def process() -> Process:
    return Process()


def test_everything_is_let_in_while_there_is_room(process: Process) -> None:
    assert process.refusal("a") is None


def test_a_log_that_is_nearly_full_takes_nothing_of_any_site(process: Process) -> None:
    process.log.used = 0.9
    assert (process.refusal("a"), process.refusal("b")) == (Why.MEMORY, Why.MEMORY)
    process.log.used = 0.89
    assert process.refusal("a") is None


def test_a_recorder_that_is_behind_keeps_only_its_own_site_out(process: Process) -> None:
    process.log.behind["recorder"]["a"] = 600.0
    assert (process.refusal("a"), process.refusal("b")) == (Why.BACKLOG, None)


def test_so_many_that_wait_that_memory_would_run_short_keep_every_site_out(
    process: Process,
) -> None:
    process.log.waiting = {"a": 999, "b": 0}
    assert process.refusal("b") is None
    process.log.waiting["b"] = 1
    assert (process.refusal("a"), process.refusal("b")) == (Why.BACKLOG, Why.BACKLOG)


def test_a_board_that_is_behind_lets_one_request_in_after_the_other(process: Process) -> None:
    process.log.behind["board"]["a"] = 2.0
    assert process.refusal("a") is None
    with process.door.entered("b"):
        assert (process.refusal("a"), process.refusal("b")) == (Why.BOARD, None)


def test_no_more_requests_are_in_the_door_than_may_be(process: Process) -> None:
    process.door.look()
    with process.door.entered("a"), process.door.entered("b"), process.door.entered("a"):
        assert process.refusal() is Why.IN_FLIGHT
    assert process.refusal() is None


def test_who_fails_in_the_door_leaves_it_too(process: Process) -> None:
    with pytest.raises(ValueError), process.door.entered("a"):
        raise ValueError
    assert process.door.in_flight == 0


def test_a_busy_process_takes_one_request_after_the_other(process: Process) -> None:
    process.late_s = 1.0
    assert process.refusal() is None
    with process.door.entered("a"):
        assert process.refusal() is Why.BUSY
        process.late_s = 0.9
        assert process.refusal() is None


def test_refused_are_told_when_to_come_again_and_not_all_for_the_same_moment(
    process: Process,
) -> None:
    process.log.used = 1.0
    process.door.look()
    told = set()
    for _ in range(200):
        with pytest.raises(Overloaded) as refused, process.door.entered("a"):
            pass
        told.add(refused.value.retry_after_s)
    assert min(told) == 10 and max(told) == 20 and len(told) == 11


def test_it_looks_again_and_again_and_a_log_that_is_away_ends_nothing(process: Process) -> None:
    class Over(Exception):
        pass

    def pauses() -> Callable[[float], None]:
        said = iter((lambda: setattr(process.log, "away", True),
                     lambda: setattr(process.log, "away", False), lambda: None))  # fmt: skip

        def pause(seconds: float) -> None:
            assert seconds == LOOK_S
            process.log.used += 0.1
            step = next(said, None)
            if step is None:
                raise Over
            step()

        return pause

    with pytest.raises(Over):
        process.door.run(pauses())
    assert process.door.memory == pytest.approx(0.4)
