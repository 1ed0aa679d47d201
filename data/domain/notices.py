"""What is sent to somebody, and what came of it.

Pure. A `Notice` is made once, kept, and sent by a way out as often as it takes; the ways
themselves are in `data.notify`. Imported by services that send and by `layouts.messages`.
"""

from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

ELLIPSIS = "…"
_EVERYBODY = frozenset({"all", "@all", "everyone"})


class Attachment(Struct, frozen=True, kw_only=True):
    """A file that goes along with an e-mail."""

    name: str
    media_type: str
    body: bytes


class Notice(Struct, frozen=True, kw_only=True):
    """One message to one address on one way.

    `id` stays the same over all attempts: who gets the message twice can tell by it. `address`: an
    e-mail address or several with commas, a phone number; empty where the way has its own, as
    a robot has. `text`: one line that says it all; `lines`: the facts, one a line. `url` opens
    what it is about, and `action` are the words of that link. `html`: of an e-mail. `mentions`:
    phone numbers or user ids of those whom a robot calls by name.
    What a webhook sends: `document` as the data of an event of type `event` about the subject
    `about`, which happened `at`.
    """

    id: str
    way: str
    address: str = ""
    language: str = "en"
    subject: str
    text: str
    lines: tuple[str, ...] = ()
    url: str | None = None
    action: str = ""
    html: str | None = None
    mentions: tuple[str, ...] = ()
    document: dict[str, Any] | None = None
    event: str = "milepost.notice"
    about: str = ""
    at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()


class Sent(Struct, frozen=True, tag=True):
    """The far side took it; `detail`: what it answered."""

    detail: str


class Transient(Struct, frozen=True, tag=True):
    """It may go well later; `retry_after_s`: when the far side said how much later."""

    reason: str
    retry_after_s: float | None = None


class Permanent(Struct, frozen=True, tag=True):
    """The same message never will; `disable`: no other on this way will either."""

    reason: str
    disable: bool = False


Outcome = Sent | Transient | Permanent


class Rate(Struct, frozen=True):
    """So many messages in so many seconds; whoever sends more is shut out for `penalty_s`."""

    count: int
    per_s: float
    penalty_s: float = 0.0


class Way(Protocol):
    """A way out. `addressed`: every notice must say to whom."""

    kind: str
    rate: Rate | None
    max_bytes: int
    addressed: bool

    def send(self, notice: Notice) -> Outcome:
        """Send it now, once; raises nothing for what the far side does or leaves undone."""
        ...


def cut(text: str, most: int) -> str:
    """Return the text in at most so many bytes of UTF-8; what was cut ends with an ellipsis."""
    encoded = text.encode()
    if len(encoded) <= most:
        return text
    room = most - len(ELLIPSIS.encode())
    if room < 0:
        return ""
    return encoded[:room].decode(errors="ignore").rstrip() + ELLIPSIS


def plain_body(notice: Notice, first: str = "") -> str:
    """Return what a message says as plain text; `first`: a word that must stand in it."""
    parts = [notice.text, *notice.lines]
    if first and not any(first in part for part in parts):
        parts.insert(0, first)
    return "\n".join(parts)


def linked(notice: Notice) -> str:
    """Return the link with its words, empty when there is none."""
    if not notice.url:
        return ""
    return f"{notice.action}: {notice.url}" if notice.action else notice.url


def fitted(body: str, end: str, most: int) -> str:
    """Return a body and its end in at most so many bytes; the body is what gets cut.

    The link and those called by name stand at the end: they must get through.
    """
    if not end:
        return cut(body, most)
    tail = "\n" + end
    return cut(cut(body, most - len(tail.encode())) + tail, most)


def phones(mentions: tuple[str, ...]) -> list[str]:
    """Return those of the mentioned that are phone numbers."""
    return [name for name in _some(mentions) if _is_phone(name)]


def users(mentions: tuple[str, ...]) -> list[str]:
    """Return those of the mentioned that are user ids."""
    return [name for name in _some(mentions) if not _is_phone(name)]


def _some(mentions: tuple[str, ...]) -> list[str]:
    """Leave out whoever would call everybody: a notice is for those whom it concerns."""
    names = [name.strip() for name in mentions]
    return [name for name in dict.fromkeys(names) if name and name.lower() not in _EVERYBODY]


def _is_phone(name: str) -> bool:
    digits = name.removeprefix("+").replace("-", "")
    return digits.isascii() and digits.isdigit() and len(digits) >= 5
