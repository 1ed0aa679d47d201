"""How an order or a milestone stands, and is likely to end, in words. Pure.

Used by the boards of customers and forwarders. A promise that is likely kept is said so calmly;
what is likely missed says by how much, at most.
"""

from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from data.domain.bought import Bought, Change, News, Node
from data.domain.view import Standing
from layouts.components.parts import shape
from layouts.components.reading import Reading
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

HIDDEN = "••"
_MINUTE_S = 60
RISKS = {
    Standing.ON_TRACK: msgid("low risk"),
    Standing.AT_RISK: msgid("some risk"),
    Standing.LATE: msgid("high risk"),
    Standing.STOPPED: msgid("high risk"),
}


def standing_mark(standing: Standing | None, t: Translator, words: str | None = None) -> Component:
    """Return a standing, or that it isn't shared."""
    if standing is None:
        return html.Span(t("not shared"), className="mp-dim")
    look = LOOKS[standing]
    return html.Span([shape(), words or t(look.word)], className=f"mp-standing {look.css}")


def outlook(row: Bought, t: Translator) -> str:
    """Say how an order is likely to end against its promise."""
    end = row.completed_at or row.p80_at
    return ending(row.standing, row.due_at, end, row.done, t)


def ending(
    standing: Standing | None, due: datetime | None, end: datetime | None, done: bool,
    t: Translator,
) -> str:  # fmt: skip
    """Say how something ends against its promise; `end`: actual, or the forecast's P80."""
    by_s = None if due is None or end is None else (end - due).total_seconds()
    if done:
        return _ended(by_s, t)
    if standing in (Standing.LATE, Standing.STOPPED):
        if by_s is None or by_s < _MINUTE_S:
            return t("on its way to be late")
        return t("on its way to be {duration} late", duration=t.duration(by_s))
    if standing is Standing.AT_RISK:
        if by_s is None or by_s < _MINUTE_S:
            return t("may come late")
        return t("may come up to {duration} late", duration=t.duration(by_s))
    if standing is Standing.ON_TRACK:
        if by_s is None or by_s > -_MINUTE_S:
            return t("on its way to be on time")
        return t("on its way to be on time, with {duration} to spare", duration=t.duration(-by_s))
    return t("nobody can say yet")


def risk(row: Bought, reading: Reading) -> str:
    """Say what the delivery's risk is and what it is judged by."""
    t = reading.t
    if row.done or row.standing not in RISKS:
        return ""
    word = t(RISKS[row.standing])
    if row.p80_at is None:
        return word
    said = t("in four cases of five it is there by {when}", when=reading.said(row.p80_at))
    return f"{word}: {said}"


def changed(change: Change, reading: Reading, name: str = "") -> str:
    """Say what is otherwise than at the last visit."""
    t = reading.t
    if change.news is News.NEW:
        return t("new")
    if change.news is News.REACHED:
        return t("{name} reached", name=name)
    if change.news is News.CONFIRMED and change.now is not None:
        return t("{name} confirmed for {when}", name=name, when=reading.said(change.now))
    if change.before is None or change.now is None:
        return ""
    length = t.brief(abs((change.now - change.before).total_seconds()))
    what = name or t("delivery")
    if change.news is News.LATER:
        return t("{what} {duration} later", what=what, duration=length)
    return t("{what} {duration} earlier", what=what, duration=length)


def date(node: Node, field: str, at: datetime | None, reading: Reading) -> Any:
    """Return a milestone's date, or what stands in its place."""
    word = node.words.get(field)
    if word in set(Standing):
        return standing_mark(Standing(word), reading.t)
    if field in node.hidden:
        return hidden(reading.t)
    return NONE if at is None else reading.moment(at)


def hidden(t: Translator) -> Component:
    """Return what stands for what isn't shared: deliberate, not left out."""
    words = t("not shared with you")
    return html.Span(HIDDEN, className="mp-dim", title=words, **{"aria-label": words})


def _ended(by_s: float | None, t: Translator) -> str:
    if by_s is None:
        return t("completed")
    if by_s >= _MINUTE_S:
        return t("completed {duration} late", duration=t.duration(by_s))
    if by_s <= -_MINUTE_S:
        return t("completed {duration} early", duration=t.duration(-by_s))
    return t("completed on time")
