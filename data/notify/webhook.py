"""A webhook: a CloudEvent, signed as Standard Webhooks has it.

Wired in by `data.notify.ways`.
Source: Standard Webhooks 1.0.0 (headers, signature scheme, 410, Retry-After); CloudEvents 1.0,
HTTP protocol binding, structured mode.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

import msgspec

from data.domain.notices import Notice, Outcome, Permanent, Rate, Sent
from data.notify.egress import Answer
from data.notify.exchange import Exchange

PREFIX = "whsec_"
_LATER = frozenset({404})  # what a service answers while a new release of it starts
_LEAST_KEY, _MOST_KEY = 24, 64


class Webhook:
    """Sends to one address, or where it has none to that of each notice.

    `keys`: the newest first; each signs, so that the receiver can change over in its own time.
    """

    kind = "webhook"
    rate: Rate | None = None
    max_bytes = 256 * 1024

    def __init__(
        self, exchange: Exchange, url: str | None, keys: Iterable[bytes], source: str
    ) -> None:
        self.addressed = url is None
        self._exchange = exchange
        self._url = url
        self._keys = tuple(keys)
        self._source = source

    def send(self, notice: Notice) -> Outcome:
        """Send it now; anything but success fails, a redirect too."""
        body = msgspec.json.encode(cloud_event(notice, self._source))
        if len(body) > self.max_bytes:
            return Permanent(f"not sent: larger than {self.max_bytes} bytes")
        at_s = int(self._exchange.now().timestamp())
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": notice.id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": " ".join(signature(k, notice.id, at_s, body) for k in self._keys),
        }
        answer = self._exchange.reach("POST", self._url or notice.address, headers, body)
        if not isinstance(answer, Answer):
            return answer
        return self._exchange.refusal(answer, _LATER) or Sent(f"HTTP {answer.status}")


def signature(key: bytes, notice_id: str, at_s: int, body: bytes) -> str:
    """Return one signature of a body sent at an instant."""
    signed = f"{notice_id}.{at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for, as in `whsec_` and base 64.

    Raises: ValueError with what was expected.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"{PREFIX} and base 64") from error
    if not secret.startswith(PREFIX) or not _LEAST_KEY <= len(key) <= _MOST_KEY:
        raise ValueError(f"{PREFIX} and {_LEAST_KEY} to {_MOST_KEY} bytes in base 64")
    return key


def cloud_event(notice: Notice, source: str) -> dict[str, object]:
    """Return the event; without a document of its own its data is what the message says."""
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": notice.event,
        "datacontenttype": "application/json",
        "data": _said(notice) if notice.document is None else notice.document,
    }
    if notice.about:
        event["subject"] = notice.about
    if notice.at is not None:
        event["time"] = notice.at
    return event


def _said(notice: Notice) -> dict[str, object]:
    return {
        "subject": notice.subject, "text": notice.text, "lines": notice.lines, "url": notice.url,
        "language": notice.language,
    }  # fmt: skip
