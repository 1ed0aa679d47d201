"""Forms to ask for, confirm, refuse and dispute dates, and the history of what was said. Pure.

Plain forms: each posts to an address of its own with the proof that it is ours, works without
any script, and comes back to the page it was sent from.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.dates import MOST_WORDS, Entry, Said, Side
from layouts.components.reading import Reading
from layouts.components.still import Element
from layouts.text import Translator, msgid

# What was said, from the side of whoever reads it.
SAID = {
    Said.REQUESTED: msgid("asked for"),
    Said.CONFIRMED: msgid("confirmed"),
    Said.DECLINED: msgid("declined"),
    Said.DISPUTED: msgid("disputed"),
    Said.ANSWERED: msgid("answered"),
    Said.COLLECTED: msgid("picked up"),
}
SENT = {
    Said.REQUESTED: msgid("Your request was sent."),
    Said.CONFIRMED: msgid("The date is confirmed."),
    Said.DECLINED: msgid("The request was declined."),
    Said.DISPUTED: msgid("Your dispute was sent."),
    Said.ANSWERED: msgid("Your answer was sent."),
    Said.COLLECTED: msgid("Noted as picked up."),
}
# What was expected of a field, by what `data.domain.dates` calls it.
WRONG = {
    "side": msgid("That isn't yours to say."),
    "open": msgid("There is nothing open to answer any more. Look again."),
    "turn": msgid("The other side has to answer this."),
    "date": msgid("A date and time is needed."),
    "words": msgid("Please say why."),
    "short": msgid("At most {most} characters."),
    "near": msgid("Choose a date within three years."),
    "ahead": msgid("Choose a date from now on."),
}


class Sender(Struct, frozen=True, kw_only=True):
    """What every form carries: where it posts to, the site, the proof that it is ours."""

    action: str
    csrf: str
    site: str
    reading: Reading


def form(
    sender: Sender, said: Said, named: dict[str, str], fields: Sequence[Any], words: str,
    first: bool = False,
) -> Component:  # fmt: skip
    """Return a form that says one thing about what `named` names."""
    kept = {"csrf_token": sender.csrf, "site": sender.site, "said": said.value, **named}
    inputs = [
        Element("input", {"type": "hidden", "name": name, "value": value})
        for name, value in kept.items()
    ]
    css = "mp-say mp-say-first" if first else "mp-say"
    button = html.Button(words, type="submit", className=css)
    return html.Form(
        [*inputs, *fields, button], action=sender.action, method="post", className="mp-say-form"
    )


def when(sender: Sender, start: datetime | None, label: str) -> Element:
    """Return the field for a date and time at the site; `start`: what it begins with."""
    reading = sender.reading
    value = None if start is None else local(start, reading.timezone)
    field = Element(
        "input",
        {"type": "datetime-local", "name": "date", "required": True, "value": value,
         "class": "mp-say-input"},
    )  # fmt: skip
    zone = reading.t("time at the factory, {zone}", zone=reading.timezone)
    return Element(
        "label",
        {"class": "mp-say-field"},
        [html.Span([label, html.Span(f" · {zone}", className="mp-dim")]), field],
    )


def why(label: str, required: bool = False, rows: int = 2) -> Element:
    """Return the field for words."""
    area = Element(
        "textarea",
        {"name": "words", "rows": rows, "maxlength": MOST_WORDS, "required": required,
         "class": "mp-say-input"},
    )  # fmt: skip
    return Element("label", {"class": "mp-say-field"}, [html.Span(label), area])


def fold(words: str, body: Any, open: bool = False) -> Element:
    """Return what unfolds when it is wanted."""
    inner = [html.Summary(words), html.Div(body, className="mp-say-panel")]
    return Element("details", {"class": "mp-say-fold", "open": open}, inner)


def history(entries: Sequence[Entry], reading: Reading, own: Side) -> Component:
    """Return everything that was said about a date, newest first."""
    t = reading.t
    if not entries:
        return html.P(t("Nothing has been said about this date yet."), className="mp-dim")
    items = [_entry(entry, reading, own) for entry in reversed(entries)]
    return html.Ol(items, className="mp-say-history", **{"aria-label": t("History of this date")})


def notice(said: Said | None, wrong: str, t: Translator) -> Component | None:
    """Return what came of a form that was sent."""
    if wrong:
        words = t(WRONG.get(wrong, WRONG["open"]), most=MOST_WORDS)
        return html.P(words, className="mp-say-note mp-say-wrong", role="alert")
    if said is None:
        return None
    return html.P(t(SENT[said]), className="mp-say-note", role="status")


def local(at: datetime, timezone: str) -> str:
    """Return an instant as a field for date and time wants it."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M")


def _entry(entry: Entry, reading: Reading, own: Side) -> Component:
    t = reading.t
    side = t("you") if entry.side is own else t("the factory")
    if own is Side.FACTORY:
        side = t("the factory") if entry.side is own else t("the other side")
    who = f"{side} ({entry.author})" if entry.author else side
    date = [": ", html.Strong(reading.said(entry.date_at))] if entry.date_at else []
    words = [html.Blockquote(entry.words)] if entry.words else []
    head = [html.Span(who, className="mp-say-who"), " ", t(SAID[entry.said]), *date]
    at = html.Span(reading.moment(entry.at), className="mp-say-at")
    return html.Li([html.Div([*head, at]), *words], className=f"mp-said-{entry.side}")
