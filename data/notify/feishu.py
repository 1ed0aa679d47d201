"""Feishu, Lark: a robot in a group.

Wired in by `data.notify.ways`. A *post*: its parts are fields of the document, so that nothing
in a text can call people or lead elsewhere, as a tag in a plain text message could.
Source: Feishu open platform, custom bot guide: signature, post messages, error codes.
"""

import base64
import hashlib
import hmac

import msgspec

from data.domain.notices import Notice, Outcome, Rate, cut, plain_body, users
from data.notify.exchange import Codes, Exchange

CODES = Codes(
    later=frozenset({11232, 11233, 99991400}),
    gone=frozenset({19001, 19007}),
)
_STEP = 16  # bytes, at least, that one cut takes away
_REPLY = (("code", "msg"), ("StatusCode", "StatusMessage"))  # the second of old robots


class Feishu:
    """Sends to the group of one robot; `secret` is that of its signature, `keyword` its word."""

    kind = "feishu"
    addressed = False
    rate: Rate | None = Rate(100, 60.0)
    max_bytes = 20_000  # the whole request

    def __init__(
        self, exchange: Exchange, url: str, secret: str | None = None, keyword: str = ""
    ) -> None:
        self._exchange = exchange
        self._url = url
        self._secret = secret
        self._keyword = keyword

    def send(self, notice: Notice) -> Outcome:
        """Send it now; the robot's own code says how it went."""
        document = self._signed() | message(notice, self._keyword, self.max_bytes - 200)
        return self._exchange.ask_robot(self._url, document, CODES, *_REPLY)

    def _signed(self) -> dict[str, object]:
        if not self._secret:
            return {}
        at_s = round(self._exchange.now().timestamp())
        return {"timestamp": str(at_s), "sign": signature(at_s, self._secret)}


def signature(at_s: int, secret: str) -> str:
    """Return the signature of an instant: of an empty message, by instant and secret as its key."""
    digest = hmac.new(f"{at_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def message(notice: Notice, keyword: str, most: int) -> dict[str, object]:
    """Return the robot's document in at most so many bytes; the facts are what gets cut."""
    body = plain_body(notice, keyword)
    document = _post(notice, body)
    while (size := len(msgspec.json.encode(document))) > most and body:
        length = len(body.encode())
        body = cut(body, min(length * most // size, length - _STEP))
        document = _post(notice, body)
    return document


def _post(notice: Notice, body: str) -> dict[str, object]:
    paragraphs: list[list[dict[str, str]]] = [
        [{"tag": "text", "text": line}] for line in body.split("\n") if line
    ]
    if notice.url:
        words = notice.action or notice.url
        paragraphs.append([{"tag": "a", "text": words, "href": notice.url}])
    if called := users(notice.mentions):
        paragraphs.append([{"tag": "at", "user_id": name} for name in called])
    said = {"title": cut(notice.subject, 400), "content": paragraphs}
    language = "zh_cn" if notice.language.startswith("zh") else "en_us"
    return {"msg_type": "post", "content": {"post": {language: said}}}
