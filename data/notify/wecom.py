"""WeCom (企業微信): a robot in a group, whose key stands in its address.

Wired in by `data.notify.ways`. A text message: of all kinds the one that calls people by phone
number, and in which nothing is interpreted.
Source: WeCom developer centre, group robots; global error codes.
"""

from data.domain.notices import Notice, Outcome, Rate, fitted, linked, phones, plain_body, users
from data.notify.exchange import Codes, Exchange

CODES = Codes(
    later=frozenset({-1, 45009, 45033}),
    gone=frozenset({93000, 93004, 93008}),
)


class WeCom:
    """Sends to the group of one robot."""

    kind = "wecom"
    addressed = False
    rate: Rate | None = Rate(20, 60.0)
    max_bytes = 2048

    def __init__(self, exchange: Exchange, url: str) -> None:
        self._exchange = exchange
        self._url = url

    def send(self, notice: Notice) -> Outcome:
        """Send it now; the robot's own code says how it went."""
        document = message(notice, self.max_bytes)
        return self._exchange.ask_robot(self._url, document, CODES, ("errcode", "errmsg"))


def message(notice: Notice, most: int) -> dict[str, object]:
    """Return the robot's document."""
    text: dict[str, object] = {"content": fitted(plain_body(notice), linked(notice), most)}
    mobiles, ids = phones(notice.mentions), users(notice.mentions)
    if mobiles:
        text["mentioned_mobile_list"] = mobiles
    if ids:
        text["mentioned_list"] = ids
    return {"msgtype": "text", "text": text}
