"""Deliveries: one piece of news on one way to one recipient, and what became of it.

Pure. Imported by whoever plans, sends, keeps or shows them.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from data.domain.exceptions.records import Severity
from data.domain.notices import Notice
from data.domain.preferences import Chosen
from data.domain.scope import Role

GIVES_UP_AFTER = timedelta(days=1)
LEAST_ATTEMPTS = 8  # a clock that jumps a day ahead gives nothing up by itself
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 3600.0
_JITTER = 0.2
Detail = str | int | float | bool | None


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"  # to go out as soon as its way has room
    HELD = "held"  # for the recipient's quiet hours or digest
    FAILED = "failed"  # for now: it is tried again
    FOLDED = "folded"  # told by the digest `within`
    SENT = "sent"
    GIVEN_UP = "given_up"  # after a day, or at once when the far side says that it is no use
    WITHDRAWN = "withdrawn"  # it was over, or nothing of it may be said, before it went out


PENDING = frozenset({DeliveryState.WAITING, DeliveryState.HELD, DeliveryState.FAILED})


class Topic(StrEnum):
    """What a delivery is about."""

    EXCEPTION = "exception"
    MILESTONE = "milestone"
    PICK_UP = "pick_up"
    DIGEST = "digest"
    REPORT = "report"


class Delivery(Struct, frozen=True, kw_only=True):
    """One delivery. `site`, `event`, `recipient`, `way`, `address` are another's never.

    `subject`: `exception/<number>`, `milestone/<order>/<id>`. `event`: which news of it, such as
    `raised/1` (the first time that it came up) or `level/1/2`. `recipient`: an account's id,
    empty for the way itself. `others`: the recipient's further ways, should this be given up.
    `gather`: goes out together with what waits as well. `news`: the words are made by it, of an
    exception's from the case, of another topic's from `detail`, which nobody is shown as it is.
    `notice`: what was said, kept before the first attempt and the same at every other.
    `within`: the number of the digest that tells it. All instants are of the real clock.
    """

    site: str
    event: str
    topic: Topic
    subject: str
    news: str
    way: str
    planned_at: datetime
    due_at: datetime
    number: int = 0
    recipient: str = ""
    name: str = ""
    role: Role | None = None
    party: str | None = None
    address: str = ""
    language: str = "en"
    mentions: tuple[str, ...] = ()
    others: tuple[Chosen, ...] = ()
    severity: Severity | None = None
    state: DeliveryState = DeliveryState.WAITING
    gather: bool = False
    exception: int | None = None
    happened_at: datetime | None = None
    first_at: datetime | None = None
    attempts: int = 0
    answer: str = ""
    done_at: datetime | None = None
    within: int | None = None
    detail: Mapping[str, Detail] = {}
    notice: Notice | None = None

    @property
    def id(self) -> str:
        """What the far side knows it by, the same at every attempt and in every process."""
        key = "\n".join((self.site, self.event, self.subject, self.recipient, self.way,
                         self.address))  # fmt: skip
        return "msg_" + hashlib.sha256(key.encode()).hexdigest()[:26]


def pause_s(attempts: int, salt: str) -> float:
    """Return how long to wait after so many failed attempts: twice as long each time, to an hour.

    Spread by a fifth, for each delivery otherwise, so that not all come back at once.
    """
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20))
    digest = hashlib.sha256(f"{salt}/{attempts}".encode()).digest()
    return longest * (1 - _JITTER + 2 * _JITTER * digest[0] / 255)


def is_over(first_at: datetime, attempts: int, now: datetime) -> bool:
    """Whether it has been tried for long enough to be given up."""
    return attempts >= LEAST_ATTEMPTS and now - first_at >= GIVES_UP_AFTER
