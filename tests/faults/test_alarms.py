"""That the judge of who was told notices a stop that is told twice, not at all, or as over."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.harness.alarms import BENCHES, RAISED, Alarms

FIRST, SECOND = (f"work-unit/{bench}" for bench in BENCHES[:2])


class Told:
    """Two machines that stopped, what SQL has of them, and what a webhook took."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.kept = [("exception/works/1", FIRST), ("exception/works/2", SECOND)]
        self.alarms = Alarms(self, lambda _: self.kept)  # type: ignore[arg-type]
        for number in (1, 2):
            self.alarms.next_stop()
            self.says(f"d{number}", number)

    def says(self, message: str, number: int, kind: str = RAISED) -> None:
        document = {"type": kind, "subject": f"exception/works/{number}"}
        self.taken.append(SimpleNamespace(headers={"webhook-id": message}, document=document))


@pytest.fixture
def told() -> Told:
    return Told()


def test_each_once_is_right_also_when_its_message_comes_again(told: Told) -> None:
    told.says("d1", 1)
    assert told.alarms.differences() == []
    assert told.alarms.repeated() == 1
    assert told.alarms.last_is_told()


def test_a_stop_that_is_told_anew_is_wrong_and_said_once(told: Told) -> None:
    told.says("d3", 1)
    assert told.alarms.differences() == [f"{FIRST} was told 2 times"]
    assert told.alarms.differences() == []


def test_a_stop_that_is_told_as_over_is_wrong(told: Told) -> None:
    told.says("d3", 2, "milepost.exception.returned")
    found = told.alarms.differences()
    assert f"{SECOND} was told 2 times" in found
    assert any("milepost.exception.returned" in words for words in found)


def test_a_stop_that_nobody_was_told_of_is_wrong(told: Told) -> None:
    del told.taken[1]
    assert told.alarms.differences() == [f"{SECOND} was told 0 times"]
    assert not told.alarms.last_is_told()


def test_a_stop_that_is_no_exception_or_two_is_wrong(told: Told) -> None:
    told.kept[1] = ("exception/works/2", FIRST)
    found = told.alarms.differences()
    assert {f"{FIRST} was raised 2 times", f"{SECOND} was raised 0 times"} <= set(found)
