"""One attempt over HTTP, and what an answer means: sent, try again later, never.

Used by the ways out that speak HTTP. What is said of a failure is kept and shown, so it holds
nothing of an address but its host, and of an answer nothing that is a secret of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec import Struct

from data.domain.notices import Outcome, Permanent, Sent, Transient, cut
from data.notify.egress import Answer, Egress, Refused, Unreached

Now = Callable[[], datetime]

LONGEST_WAIT_S = 86400.0
_MOST_SAID = 200
_LEAST_SECRET = 4
_LATER = frozenset({408, 409, 423, 425, 429})
_JSON = {"Content-Type": "application/json; charset=utf-8"}


class Codes(Struct, frozen=True):
    """What a robot's error codes mean: `later`: try again; `gone`: the robot is no more."""

    later: frozenset[int]
    gone: frozenset[int]


class Exchange:
    """Makes attempts for one way out, whose `secrets` it keeps out of what it says."""

    def __init__(self, egress: Egress, now: Now, secrets: Iterable[str] = ()) -> None:
        self.now = now
        self._egress = egress
        self._secrets = sorted((s for s in secrets if len(s) >= _LEAST_SECRET), key=len)[::-1]

    def reach(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | Transient | Permanent:
        """Make a request; return whatever was answered."""
        try:
            return self._egress.request(method, url, headers, body)
        except Refused as error:
            return Permanent(f"not sent: {error}")
        except Unreached as error:
            return Transient(str(error))

    def refusal(
        self, answer: Answer, later: frozenset[int] = frozenset()
    ) -> Transient | Permanent | None:
        """Say what a status means that isn't of success; `later`: more of those to try again at."""
        if 200 <= answer.status < 300:
            return None
        reason = f"HTTP {answer.status} {self.said(answer.body)}".strip()
        if answer.status >= 500 or answer.status in _LATER | later:
            return Transient(reason, self._wait(answer))
        if 300 <= answer.status < 400:
            return Permanent(f"HTTP {answer.status}: sent elsewhere, which is not followed")
        return Permanent(reason, disable=answer.status == 410)

    def ask_robot(self, url: str, document: Any, codes: Codes, *names: tuple[str, str]) -> Outcome:
        """Send a document to a robot and read its reply, which says in itself how it went.

        `names`: fields that may hold its code, and the words that go with each; the first counts.
        """
        body = msgspec.json.encode(document)
        answer = self.reach("POST", url, _JSON, body)
        if not isinstance(answer, Answer):
            return answer
        refused, reply = self.refusal(answer), document_of(answer.body)
        if isinstance(refused, Transient):
            return refused
        for code_name, words_name in names:
            code = whole(reply.get(code_name))
            if code is not None and not (refused and code == 0):
                return self._by_code(code, str(reply.get(words_name, "")), codes, answer)
        said = "answered without saying whether it was taken: " + self.said(answer.body)
        return refused or Transient(said)

    def said(self, answer: bytes | str) -> str:
        """Return what the far side said, on one short line and without our secrets."""
        text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return cut(line, _MOST_SAID)

    def _by_code(self, code: int, words: str, codes: Codes, answer: Answer) -> Outcome:
        said = f"{code} {self.said(words)}".strip()
        if code == 0:
            return Sent(said)
        if code in codes.later:
            return Transient(said, self._wait(answer))
        return Permanent(said, disable=code in codes.gone)

    def _wait(self, answer: Answer) -> float | None:
        """Return the seconds that the far side asks to wait, at most a day."""
        text = answer.headers.get("retry-after", answer.headers.get("x-ogw-ratelimit-reset", ""))
        seconds = _seconds(text.strip(), self.now())
        return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT_S)


def document_of(body: bytes) -> dict[str, Any]:
    """Return a reply that is a JSON object; an empty one for whatever else it is."""
    try:
        reply = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return reply if isinstance(reply, dict) else {}


def whole(value: Any) -> int | None:
    """Return a code as a number, also of a text; None when it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdigit():
        return int(value)
    return None


def _seconds(text: str, now: datetime) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
