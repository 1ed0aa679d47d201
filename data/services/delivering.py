"""What sending asks of the outbox and of words: the ports of the notifier.

Imported by the services of the notifier, by the store that keeps the outbox, and by the wiring.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from data.domain.deliveries import Delivery
from data.domain.exceptions.recipients import Before
from data.domain.exceptions.records import Case, Transition
from data.domain.notices import Notice, Rate, Way

Room = Rate | None
Shut = Mapping[str, str]  # address → why it takes nothing any more; empty: the whole way


class Claim(Struct, frozen=True, kw_only=True):
    """Somebody's word to send something by `until`; whoever comes later may claim it again."""

    token: str
    now: datetime
    until: datetime


class ShutWay(Struct, frozen=True, kw_only=True):
    """A way, or one address of it, that takes nothing any more."""

    way: str
    address: str
    reason: str
    at: datetime


class Planned(Protocol):
    """Moves that nobody was told of, while their deliveries are planned."""

    moves: list[tuple[Case, Transition]]

    def told_before(self, site: str, number: int) -> Mapping[str, Before]:
        """Who was told of an exception already, and of what."""

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Keep deliveries, each once."""

    def note(self, case: Case, recipient: str, dates: Mapping[str, str], now: datetime) -> None:
        """Note which dates what waits for somebody will tell."""

    def settle(self, moves: Sequence[Transition]) -> None:
        """Note that everybody who is to hear of them has a delivery."""


class Outbox(Protocol):
    """Deliveries in SQL."""

    def planning(self, limit: int) -> AbstractContextManager[Planned]:
        """Take moves that nobody was told of, in one transaction."""

    def ripe(self, now: datetime) -> list[str]:
        """Ways on which something is due."""

    def take(self, way: str, most: int, room: Room, claim: Claim) -> list[Delivery]:
        """Claim what is due on a way, as much as it has room for."""

    def shut(self, way: str) -> Shut:
        """What takes nothing any more."""

    def members(self, digest: Delivery) -> list[Delivery]:
        """What a digest tells."""

    def keep_notice(self, one: Delivery, notice: Notice, claim: Claim) -> Notice | None:
        """Keep what is about to be said; return it as every attempt says it."""

    def finish(self, one: Delivery, claim: Claim, instead: Delivery | None = None) -> bool:
        """Keep what became of it."""

    def forget(self, before: datetime) -> int:
        """Drop what was done with before."""


class WayBook(Protocol):
    """How ways do, for all notifiers."""

    def pause(self, way: str, until: datetime) -> None:
        """Let nobody send on it until an instant."""

    def shut(self, way: str, address: str, reason: str, at: datetime) -> None:
        """Send nothing there any more."""


class Ways(Protocol):
    """The configured ways out."""

    def find(self, name: str) -> Way | None:
        """One by name."""

    def names(self, kind: str | None = None) -> tuple[str, ...]:
        """All, or those of a kind."""


class Cases(Protocol):
    """Exceptions as they are now."""

    def cases(self, site: str, numbers: Sequence[int]) -> list[Case]:
        """Some of them; those that there aren't are left out."""


class Wording(Protocol):
    """Puts what is told into words, masked for whoever is told; None: nothing may be said.

    Raises: Unavailable when what it needs to know isn't there yet.
    """

    def exception(self, to: Delivery, case: Case) -> Notice | None:
        """What happened to one exception."""

    def digest(self, to: Delivery, told: Sequence[tuple[Delivery, Case]]) -> Notice | None:
        """What happened to several."""

    def milestone(self, to: Delivery) -> Notice | None:
        """That a milestone is reached or near, or that something is to be picked up."""
