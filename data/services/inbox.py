"""What somebody was told lately: in their words, masked for them, with what became of it.

Imported by the page on which people see it; put together by the wiring. The words are made anew,
by the policy that holds now and from what the thing is now.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from data.domain.deliveries import Delivery, Topic
from data.domain.exceptions.records import Case
from data.domain.notices import Notice
from data.domain.people import OUTSIDE, Account
from data.domain.told import Line, Told
from data.services.delivering import Cases, Wording

MOST = 50
_COUNTED_FOR_S, _MOST_COUNTED = 3.0, 5000


class Store(Protocol):
    """Where it is kept."""

    def lately(self, account: str, now: datetime, limit: int) -> list[Told]:
        """What somebody was told, newest first."""

    def unread(self, account: str, now: datetime) -> int:
        """How much came since they looked last."""

    def read_until(self, account: str) -> datetime | None:
        """Until when they have read."""

    def note_read(self, account: str, at: datetime) -> None:
        """Note that they looked."""

    def marks(self, actor: str, cases: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], bool]:
        """What an actor said of exceptions."""


class Inbox:
    """Everybody's own list."""

    def __init__(
        self, store: Store, cases: Cases, wording: Wording, now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        """`clock`: seconds that never go back."""
        self._store, self._cases, self._wording = store, cases, wording
        self._now, self._clock = now, clock
        self._counted: dict[str, tuple[float, int]] = {}

    def lately(self, account: Account, language: str) -> list[Line]:
        """Return what somebody was told, newest first, in the language that they read now.

        Outside the factory what they may not know isn't listed at all: that something was told
        then says something of it.

        Raises: Unavailable.
        """
        now = self._now()
        found, until = self._store.lately(account.id, now, MOST), self._store.read_until(account.id)
        cases = self._cases_of(found)
        marks = self._store.marks(f"account/{account.id}", list(cases)) if cases else {}
        lines = [
            Line(
                told=one, said=self._said(one.own, account, language, cases),
                fresh=until is None or one.own.due_at > until, number=one.own.exception,
                useful=marks.get((one.own.site, one.own.exception or 0)),
            )
            for one in found
        ]  # fmt: skip
        outside = account.role in OUTSIDE
        return [line for line in lines if line.said is not None] if outside else lines

    def read(self, account: Account) -> None:
        """Note that somebody has seen their list.

        Raises: Unavailable.
        """
        self._store.note_read(account.id, self._now())
        self._counted.pop(account.id, None)

    def unread(self, account: Account) -> int:
        """Return how much came since somebody looked last, as of a few seconds ago at most.

        Raises: Unavailable.
        """
        counted_at, count = self._counted.get(account.id, (-_COUNTED_FOR_S, 0))
        if self._clock() - counted_at >= _COUNTED_FOR_S:
            count = self._count(account)
            while len(self._counted) >= _MOST_COUNTED:
                del self._counted[next(iter(self._counted))]
            self._counted[account.id] = self._clock(), count
        return count

    def _count(self, account: Account) -> int:
        if account.role in OUTSIDE:
            return sum(line.fresh for line in self.lately(account, "en"))
        return self._store.unread(account.id, self._now())

    def _cases_of(self, found: Sequence[Told]) -> dict[tuple[str, int], Case]:
        numbers: dict[str, list[int]] = {}
        for one in found:
            if one.own.topic is Topic.EXCEPTION and one.own.exception is not None:
                numbers.setdefault(one.own.site, []).append(one.own.exception)
        return {
            (site, case.number): case
            for site, wanted in numbers.items()
            for case in self._cases.cases(site, wanted)
        }

    def _said(
        self, own: Delivery, account: Account, language: str,
        cases: Mapping[tuple[str, int], Case],
    ) -> Notice | None:  # fmt: skip
        """Return the words as the account may have them now, whatever it was when it was told."""
        here = "*" in account.sites or own.site in account.sites
        to = replace(own, language=language, role=account.role, party=account.party)
        if not here:
            return None
        if own.topic is Topic.EXCEPTION:
            case = cases.get((own.site, own.exception or 0))
            return None if case is None else self._wording.exception(to, case)
        if own.topic in (Topic.MILESTONE, Topic.PICK_UP):
            return self._wording.milestone(to)
        return own.notice
