"""How the keeping of accounts shares the core with others."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace

from data.domain.board import Board
from data.domain.facts import Facts
from data.services.derivation import (
    BUSY,
    IDLE_AFTER_S,
    IDLE_LOOK_S,
    LOOK_EVERY_S,
    STEADY,
    WORK_S,
    Accounting,
)

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


class Keeping:
    """Work that never ends; every call takes a while of a clock that only it moves."""

    def __init__(self, takes_s: float, *, marked: bool) -> None:
        self.at_s = 0.0
        self.takes_s, self.is_marked = takes_s, marked
        self.worked = 0
        self.asked: list[tuple[float, str]] = []
        self.readings = 0

    def clock(self) -> float:
        return self.at_s

    @contextmanager
    def reading(self, site: str) -> Iterator[SimpleNamespace]:
        self.readings += 1
        yield SimpleNamespace(plans=lambda *_: [])

    def mark_missing(self, site: str) -> None: ...

    def marked(self, site: str, kind: str, most: int) -> list[tuple[str, int]]:
        self.asked.append((self.at_s, kind))
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


def idle(seconds: float) -> tuple[Keeping, Accounting]:
    """An aspect that has had nothing to do for so long, in rounds of a fifth of a second."""
    keeping = Keeping(0.03, marked=False)
    keeping.due = lambda *_: []  # type: ignore[method-assign]
    aspect = begun(keeping)
    rounds(keeping, aspect, seconds)
    return keeping, aspect


def rounds(keeping: Keeping, aspect: Accounting, seconds: float) -> None:
    until = keeping.at_s + seconds
    while keeping.at_s < until:
        aspect.work(NOW)
        keeping.at_s += 0.2


def test_while_nothing_is_marked_the_past_is_not_opened() -> None:
    keeping, _ = idle(60)
    assert keeping.readings == 0


def test_where_nothing_is_told_it_asks_for_marks_only_now_and_then() -> None:
    keeping, _ = idle(IDLE_AFTER_S + 60)
    late = [kind for at, kind in keeping.asked if at > IDLE_AFTER_S + 1]
    assert late.count("order") <= 60 / IDLE_LOOK_S + 1
    assert late.count("account") <= 60 / LOOK_EVERY_S + 1


def test_what_is_marked_after_an_event_is_taken_within_three_tenths_of_a_second() -> None:
    keeping, aspect = idle(IDLE_AFTER_S + 60)
    aspect.see([])
    rounds(keeping, aspect, IDLE_AFTER_S - 1)
    asked = [at for at, kind in keeping.asked if kind == "order" and at > IDLE_AFTER_S + 59]
    apart = [after - before for before, after in pairwise(asked)]
    assert len(asked) > IDLE_AFTER_S / 0.3 - 10
    assert max(apart[1:]) <= 0.3


def test_an_account_is_made_as_soon_as_what_its_order_did_is_noted() -> None:
    keeping, aspect = idle(IDLE_AFTER_S + 60)
    keeping.is_marked = True
    aspect.see([])
    rounds(keeping, aspect, 0.4)
    at, _ = next((at, kind) for at, kind in keeping.asked if kind == "account" and at > 80)
    assert at <= IDLE_AFTER_S + 60 + 0.5
