"""The journal holds what was noted and knows when; what states must be follows from its bodies."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.harness.journal import Journal, summed
from tests.faults.harness.load import LAST, event, report
from tests.faults.harness.truth import invented


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal")) as made:
        yield made


def piece(name: str, good: int = 1) -> dict[str, object]:
    return event(name, "operation.progressed", LAST, work_unit="P1", good=good)


def test_it_holds_what_was_noted_and_knows_when(journal: Journal) -> None:
    journal.note([piece("a")])
    between = time.monotonic()
    journal.note([piece("b"), piece("c")])
    assert journal.ids() == ["a", "b", "c"]
    assert (journal.count(between), journal.count()) == (1, 3)


def test_an_event_counts_as_newer_only_by_when_it_was_first_sent(journal: Journal) -> None:
    journal.made([piece("a")])
    between = time.monotonic()
    journal.made([piece("b")])
    journal.note([piece("a")])
    assert journal.first_made_since(between) is None
    journal.note([piece("b")])
    assert journal.first_made_since(between) == "b"
    journal.made([piece("c")])
    journal.note([piece("c")])
    assert journal.first_made_since(between) == "b"  # else who waits for it would run after it


def test_a_quantity_is_known_as_of_every_moment(journal: Journal) -> None:
    journal.note([piece("a", 2)])
    between = time.monotonic()
    journal.note([piece("b", 3), event("c", "material.shipped", "need/SO-1/n1", quantity=9)])
    good = journal.running(LAST, "good")
    assert (good(0.0), good(between), good(time.monotonic())) == (0, 2, 5)


def test_what_was_sent_is_known_as_of_every_moment_too(journal: Journal) -> None:
    journal.made([piece("a", 2)])
    between = time.monotonic()
    journal.made([piece("b", 3)])
    good = journal.running_sent(LAST, "good")
    assert (good(0.0), good(between), good(time.monotonic())) == (0, 2, 5)


def test_states_follow_from_the_bodies_alone() -> None:
    assert summed(report("s", number) for number in range(1, 21)) == {
        (LAST, "good"): 16, ("work-unit/P1", "good"): 16,
        ("operation/SO-1/10", "good"): 4, ("operation/SO-1/10", "scrap"): 2,
        ("work-unit/M1", "good"): 4, ("work-unit/M1", "scrap"): 2,
        ("need/SO-1/n1", "quantity"): 2, ("need/SO-1/n2", "quantity"): 3,
    }  # fmt: skip


def test_what_nobody_sent_and_what_was_sent_otherwise_is_noticed() -> None:
    sent = {"a": piece("a"), "b": piece("b")}
    assert invented("there", {"a": sent["a"]}, sent) == []
    assert invented("there", {"c": piece("c")}, sent) == ["1 there, and never sent: c"]
    other = {**sent["b"], "data": {"work_unit": "P1", "good": 2}}
    assert invented("there", {"b": other}, sent) == ["1 there, and sent otherwise: b"]
