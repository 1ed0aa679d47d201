"""The forms on a supplier's card: confirm, another date, ship, report progress, comment. Pure.

Each posts to an address of its own, with a token that makes it count once. `assets/supplier.js`
sends it without leaving the page.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.asked import Asked
from data.domain.policy import Kind
from layouts.components.need_words import moment
from layouts.components.still import OWN, Element
from layouts.text import Translator
from layouts.urls import address

MOST_ADVICE, MOST_WORDS = 100, 1000


class Sender(Struct, frozen=True, kw_only=True):
    """What every form carries: site, the proof that it is ours, where to go back to."""

    site: str
    timezone: str
    csrf: str
    token: str  # differs with every drawing; a row's forms add their own mark to it
    back: str
    now: datetime
    actions: str = "/supplier/act"  # where forms go


def form(
    what: str, key: str, fields: Sequence[Any], sender: Sender, css: str = "", **hidden: str
) -> Component:
    """Return a form that does one thing to one row."""
    kept = {
        "csrf_token": sender.csrf,
        "site": sender.site,
        "key": key,
        "token": sender.token,
        "back": sender.back,
        **hidden,
    }
    inputs = [_input(type="hidden", name=name, value=value) for name, value in kept.items()]
    wrong = html.P(className="mp-ask-wrong", role="alert", **OWN)
    return html.Form(
        [*inputs, *fields, wrong],
        action=f"{sender.actions}/{what}",
        method="post",
        className=f"mp-ask-form {css}".strip(),
        **{"data-act": what},
    )


def confirm(row: Asked, sender: Sender, t: Translator) -> list[Component]:
    """Return the one click that promises the date asked for; none when it has passed."""
    at = row.confirmable_at(sender.now)
    if row.key is None or at is None:
        return []
    if row.promised_at is not None and row.promised_at <= at:
        return []
    words = t("Confirm {when}", when=moment(at, sender.timezone, t))
    button = html.Button(words, type="submit", className="mp-act mp-act-first")
    return [form("confirm", row.key, [button], sender, promised_at=at.isoformat())]


def propose(row: Asked, sender: Sender, t: Translator, open: bool = False) -> Any:
    """Return the form for another date."""
    start = max(at for at in (row.promised_at, row.due_at, row.planned_at, sender.now) if at)
    field = _field(
        t("I can deliver on"), "promised_at", type="datetime-local", required=True,
        value=_local(start, sender.timezone), min=_local(sender.now, sender.timezone),
    )  # fmt: skip
    zone = html.P(t("Time at the factory ({zone})", zone=sender.timezone), className="mp-ask-hint")
    body = form("propose", row.key or "", [field, zone, _send(t("Propose this date"))], sender)
    return _fold(t("Another date"), body, row, open)


def ship(row: Asked, sender: Sender, t: Translator, open: bool = False) -> Any:
    """Return the form that reports a shipment."""
    left = row.outstanding
    fields = [
        _field(
            t("Quantity"), "quantity", type="number", required=True, min=1, step=1,
            inputmode="numeric", value=left or None,
        ),
        _field(
            t("Dispatch advice (optional)"), "dispatch_advice", type="text", maxlength=MOST_ADVICE,
            autocomplete="off",
        ),
    ]  # fmt: skip
    body = form("ship", row.key or "", [*fields, _send(t("Report as shipped"))], sender)
    return _fold(t("Ship"), body, row, open)


def report(row: Asked, sender: Sender, t: Translator, open: bool = False) -> Any:
    """Return the form that reports progress of an outsourced operation."""
    steps = []
    if row.status in (None, "planned"):
        steps.append(_step(t("Started"), "started"))
    steps += [
        _step(t("Report progress"), "progressed"),
        _step(t("All finished"), "completed", "mp-act-first"),
    ]
    fields = [
        _count(t("Good pieces since the last report"), "good"),
        _count(t("Scrap since the last report"), "scrap"),
        html.Div(steps, className="mp-ask-steps"),
    ]
    body = form("progress", row.key or "", fields, sender)
    return _fold(t("Report"), body, row, open)


def comment(key: str, sender: Sender, t: Translator, hint: str = "") -> Component:
    """Return the form that adds to a thread; `hint`: what is to be written."""
    area = Element(
        "textarea",
        {"name": "words", "rows": 2, "maxlength": MOST_WORDS, "required": True,
         "class": "mp-ask-input", "aria-label": t("Your comment"),
         "placeholder": hint or t("Write to the factory about this")},
    )  # fmt: skip
    return form("comment", key, [area, _send(t("Send"))], sender, "mp-ask-say")


def upload(sender: Sender, t: Translator) -> Any:
    """Return the form that takes a changed export back."""
    hint = t(
        "Export this list, change promised dates or shipped quantities, and send the file back."
        " Nothing is taken unless every row is right."
    )
    field = Element(
        "label",
        {"class": "mp-ask-field"},
        [
            html.Span(t("Excel or CSV file"), className="mp-field-name"),
            _input(type="file", name="file", required=True, accept=".xlsx,.csv"),
        ],
    )
    parts = [html.P(hint, className="mp-ask-hint"), field, _send(t("Check and take"))]
    whole = form("upload", "", parts, sender)
    faults = html.Ul(className="mp-ask-faults")
    return html.Details(
        [html.Summary(t("Send Excel back")), html.Div([whole, faults], className="mp-ask-panel")],
        className="mp-ask-fold mp-ask-upload",
    )


def code_address(key: str, site: str) -> str:
    """Return where the QR code of a row is."""
    return address("/supplier/code.svg", {"key": key, "site": site})


def fold(words: Any, body: Any, css: str = "", open: bool = False, group: str = "") -> Any:
    """Return a button that unfolds something below it; of one group one is open at a time."""
    inner = [html.Summary(words), html.Div(body, className="mp-ask-panel")]
    attributes = {"class": f"mp-ask-fold {css}".strip(), "open": open, "name": group or None}
    return Element("details", attributes, inner)


def group_of(row: Asked) -> str:
    """Return the name that the folds of a row share."""
    return f"ask-{row.key}"


def actions(row: Asked, sender: Sender, t: Translator, open: bool = False) -> list[Any]:
    """Return what can be done about a row."""
    if row.key is None or row.done:
        return []
    if row.kind is Kind.OPERATION:
        return [report(row, sender, t, open)]
    left = row.outstanding != 0
    promising = [*confirm(row, sender, t), propose(row, sender, t)] if left else []
    return [*promising, ship(row, sender, t)] if left else []


def _fold(words: str, body: Component, row: Asked, open: bool) -> Any:
    return fold(words, body, "mp-ask-do", open, group_of(row))


def _send(words: str) -> Component:
    return html.Button(words, type="submit", className="mp-act mp-act-first")


def _step(words: str, value: str, css: str = "") -> Component:
    return html.Button(
        words, type="submit", name="step", value=value, className=f"mp-act {css}".strip()
    )


def _count(label: str, name: str) -> Any:
    return _field(label, name, type="number", min=0, step=1, inputmode="numeric", value=0)


def _field(label: str, name: str, **attributes: Any) -> Any:
    words = html.Span(label, className="mp-field-name")
    field = _input(name=name, **{**attributes, "class": "mp-ask-input"})
    return Element("label", {"class": "mp-ask-field"}, [words, field])


def _input(**attributes: Any) -> Element:
    return Element("input", attributes)


def _local(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M")
