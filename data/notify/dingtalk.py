"""DingTalk: a robot in a group.

Wired in by `data.notify.ways`. A text message, in which nothing is interpreted: no name of an
order can call everybody or show a picture from elsewhere.
Source: DingTalk, custom robots: access, security settings, message types, error codes.
"""

import base64
import hashlib
import hmac
from urllib.parse import quote_plus

from data.domain.notices import Notice, Outcome, Rate, fitted, linked, phones, plain_body, users
from data.notify.exchange import Codes, Exchange

CODES = Codes(
    later=frozenset({-1, 88, 90018, 130101, 410100, 660026}),
    gone=frozenset({300001, 400013, 400101, 400102}),
)


class DingTalk:
    """Sends to the group of one robot; `secret` is that of its signature, `keyword` its word."""

    kind = "dingtalk"
    addressed = False
    rate: Rate | None = Rate(20, 60.0, 600.0)
    max_bytes = 18_000  # of 20,000 for the whole request

    def __init__(
        self, exchange: Exchange, url: str, secret: str | None = None, keyword: str = ""
    ) -> None:
        self._exchange = exchange
        self._url = url
        self._secret = secret
        self._keyword = keyword

    def send(self, notice: Notice) -> Outcome:
        """Send it now; the robot's own code says how it went."""
        document = message(notice, self._keyword, self.max_bytes)
        return self._exchange.ask_robot(self._signed(), document, CODES, ("errcode", "errmsg"))

    def _signed(self) -> str:
        if not self._secret:
            return self._url
        at_ms = round(self._exchange.now().timestamp() * 1000)
        return f"{self._url}&timestamp={at_ms}&sign={quote_plus(signature(at_ms, self._secret))}"


def signature(at_ms: int, secret: str) -> str:
    """Return the signature of an instant, in base 64, not yet quoted for an address."""
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def message(notice: Notice, keyword: str, most: int) -> dict[str, object]:
    """Return the robot's document; those called by name stand in the text too, or are not."""
    mobiles, ids = phones(notice.mentions), users(notice.mentions)
    called = " ".join(f"@{name}" for name in (*mobiles, *ids))
    end = "\n".join(part for part in (linked(notice), called) if part)
    return {
        "msgtype": "text",
        "text": {"content": fitted(plain_body(notice, keyword), end, most)},
        "at": {"atMobiles": mobiles, "atUserIds": ids, "isAtAll": False},
    }
