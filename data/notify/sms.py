"""Text messages through whatever gateway the operator has, as long as it speaks HTTP.

Wired in by `data.notify.ways`. How a request looks and how its answer is read is data: a
template whose placeholders are filled leaf by leaf, before anything is encoded, so that no text
can become a field of its own.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from data.domain.notices import Notice, Outcome, Permanent, Rate, Sent, Transient, fitted
from data.notify.egress import Answer
from data.notify.exchange import Exchange, document_of

PLACEHOLDERS = ("phone", "text", "subject", "id", "url")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


class Success(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an answer of success really is one.

    `field`: dotted path in a JSON answer, whose value `equals` one of these; or `matches`: what is
    found in the text of the answer. `later`: values of the field that mean to try again.
    """

    field: str = ""
    equals: tuple[str | int | bool, ...] = ()
    matches: str = ""
    later: tuple[str | int | bool, ...] = ()


class Gateway(Struct, frozen=True, kw_only=True):
    """How a request to the gateway looks; `body` is a template, None for requests without."""

    url: str
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: Mapping[str, str] = {}
    encoding: Literal["json", "form"] = "json"
    body: Any = None
    success: Success = Success()
    max_bytes: int = 400


class Sms:
    """Sends to a phone number."""

    kind = "sms"
    addressed = True

    def __init__(self, exchange: Exchange, gateway: Gateway, rate: Rate | None = None) -> None:
        self.rate = rate
        self.max_bytes = gateway.max_bytes
        self._exchange = exchange
        self._gateway = gateway

    def send(self, notice: Notice) -> Outcome:
        """Send it now; the gateway's own word counts where the operator said how to read it."""
        phone = re.sub(r"[ ()./-]", "", notice.address)
        if not _PHONE.fullmatch(phone):
            return Permanent("not sent: not a phone number")
        values = values_of(notice, phone, self.max_bytes)
        one = self._gateway
        headers, body = body_of(one, values)
        url = filled(one.url, values, lambda text: quote(text, safe=""))
        answer = self._exchange.reach(one.method, url, headers, body)
        if not isinstance(answer, Answer):
            return answer
        return self._exchange.refusal(answer) or self._read(answer)

    def _read(self, answer: Answer) -> Outcome:
        said, rule = self._exchange.said(answer.body), self._gateway.success
        if rule.field:
            value = value_at(document_of(answer.body), rule.field)
            if _among(value, rule.equals):
                return Sent(said)
            return Transient(said) if _among(value, rule.later) else Permanent(said)
        if rule.matches and not re.search(rule.matches, answer.body.decode(errors="replace")):
            return Permanent(said)
        return Sent(said)


def values_of(notice: Notice, phone: str, most: int) -> dict[str, str]:
    """Return what the placeholders stand for; the text is one line and ends with the link."""
    text = " ".join(notice.text.split())
    return {
        "phone": phone,
        "text": fitted(text, notice.url or "", most).replace("\n", " "),
        "subject": " ".join(notice.subject.split()),
        "id": notice.id,
        "url": notice.url or "",
    }


def body_of(gateway: Gateway, values: Mapping[str, str]) -> tuple[dict[str, str], bytes | None]:
    """Return the headers and the encoded body of a request."""
    headers = dict(gateway.headers)
    if gateway.body is None:
        return headers, None
    body = _filled_whole(gateway.body, values)
    kind = f"{_TYPES[gateway.encoding]}; charset=utf-8"
    encoded = urlencode(body).encode() if gateway.encoding == "form" else msgspec.json.encode(body)
    return {"Content-Type": kind, **headers}, encoded


def filled(template: str, values: Mapping[str, str], made: Callable[[str], str] = str) -> str:
    """Return a template with its placeholders filled, in one pass."""
    return _PLACEHOLDER.sub(lambda match: made(values[match.group(1)]), template)


def value_at(document: Any, path: str) -> Any:
    """Return what stands at a dotted path of names and places in lists; None when nothing does."""
    for step in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def _filled_whole(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return filled(template, values)
    if isinstance(template, Mapping):
        return {name: _filled_whole(value, values) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [_filled_whole(value, values) for value in template]
    return template


def _among(value: Any, wanted: tuple[str | int | bool, ...]) -> bool:
    """Whether a value is one of these; `0` and `"0"` are the same, `false` is neither."""
    if value is None or isinstance(value, dict | list):
        return False
    return any(
        isinstance(value, bool) == isinstance(one, bool) and str(value) == str(one)
        for one in wanted
    )
