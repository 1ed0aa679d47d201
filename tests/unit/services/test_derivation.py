"""How the keeping of accounts shares the core with others."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

from data.domain.board import Board
from data.domain.facts import Facts
from data.services.derivation import BUSY, LOOK_EVERY_S, STEADY, WORK_S, Accounting

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


class Keeping:
    """Work that never ends; every call takes a while of a clock that only it moves."""

    def __init__(self, takes_s: float, *, marked: bool) -> None:
        self.at_s = 0.0
        self.takes_s, self.is_marked = takes_s, marked
        self.worked = 0

    def clock(self) -> float:
        return self.at_s

    @contextmanager
    def reading(self, site: str) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(plans=lambda *_: [])

    def mark_missing(self, site: str) -> None: ...

    def marked(self, site: str, kind: str, most: int) -> list[tuple[str, int]]:
        return [("O", 1)] if self.is_marked else []

    def keep_occupations(self, *_: object) -> None:
        self._work()

    def keep(self, *_: object, tell: bool) -> int:
        self._work()
        return 7

    def due(self, *_: object) -> list[str]:
        return [] if self.is_marked else ["O"]

    def version(self, site: str) -> int:
        return 3

    def _work(self) -> None:
        self.worked += 1
        self.at_s += self.takes_s


def begun(keeping: Keeping) -> Accounting:
    made = Accounting("s", keeping, keeping, clock=keeping.clock)
    made.begin(SimpleNamespace(board=Board("s"), facts=Facts()))
    return made


def share(keeping: Keeping) -> float:
    """The share of the time that it works, when it is called again and again."""
    aspect = begun(keeping)
    for _ in range(2000):
        aspect.work(NOW)
        keeping.at_s += 0.01
    return keeping.worked * keeping.takes_s / keeping.at_s


def test_a_call_ends_soon_after_its_budget_is_spent() -> None:
    keeping = Keeping(0.03, marked=True)
    begun(keeping).work(NOW)
    assert keeping.at_s <= WORK_S + 0.03


def test_marks_take_up_to_half_of_a_core_and_renewal_a_fifth() -> None:
    assert share(Keeping(0.03, marked=True)) < BUSY * 1.05
    assert share(Keeping(0.03, marked=False)) < STEADY * 1.05


def test_the_version_is_told_at_first_and_when_it_grows() -> None:
    keeping = Keeping(0.03, marked=False)
    aspect = begun(keeping)
    assert aspect.work(NOW) == {"history": b"7"}
    keeping.at_s += 60
    assert aspect.work(NOW) == {}


def test_while_nothing_is_due_it_looks_only_now_and_then() -> None:
    keeping = Keeping(0.03, marked=False)
    looks: list[float] = []
    keeping.due = lambda *_: looks.append(keeping.at_s) or []  # type: ignore[method-assign]
    aspect = begun(keeping)
    for _ in range(100):
        aspect.work(NOW)
        keeping.at_s += 0.2
    assert len(looks) == 20 / LOOK_EVERY_S


def test_with_nothing_to_do_it_says_which_version_there_is() -> None:
    keeping = Keeping(0.03, marked=False)
    keeping.due = lambda *_: []  # type: ignore[method-assign]
    assert begun(keeping).work(NOW) == {"history": b"3"}
    assert keeping.worked == 0
