"""One need or outsourced operation as a card: what, by when, what was promised, what to do. Pure.

What isn't disclosed is shown as such, not left blank.
"""

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from data.domain.asked import Asked
from data.domain.policy import Kind
from data.domain.view import Standing
from layouts.components import need_forms as forms
from layouts.components import need_words as words
from layouts.components.need_forms import Sender
from layouts.components.need_talk import Said, summary, thread
from layouts.components.parts import shape
from layouts.components.still import Element
from layouts.text import NONE, Translator
from layouts.theme import LOOKS


def card(
    row: Asked, said: Sequence[Said], sender: Sender, t: Translator, alone: bool = False
) -> Component:
    """Return a card; `alone`: it is the only one, and unfolded."""
    look = LOOKS[row.standing or Standing.IDLE]
    waits = " mp-ask-waits" if row.waits(sender.now) else ""
    changed = " mp-ask-changed" if row.news else ""
    return html.Article(
        [
            html.Div(mark(row, t), className="mp-ask-mark"),
            html.Div(what(row, t), className="mp-ask-what"),
            html.Div(when(row, sender, t), className="mp-ask-when"),
            html.Div(known(row, sender, t, t("You promised")), className="mp-ask-known"),
            html.Div(_actions(row, said, sender, t, alone), className="mp-ask-acts"),
        ],
        className=f"mp-ask {look.css}{waits}{changed}",
        **marks(row),
    )


def marks(row: Asked) -> dict[str, str]:
    """Return what names a card, and the id by which it stays the same one when others move."""
    named = {} if row.key is None else {"id": f"ask-{row.key}"}
    return {"aria-label": f"{row.item} {row.name}".strip(), **named}


def mark(row: Asked, t: Translator) -> list[Any]:
    """Return how a row stands."""
    return [shape(), html.Span(words.standing_word(row, t), className="mp-ask-standing")]


def what(row: Asked, t: Translator, order: Any = None) -> list[Any]:
    """Return what is asked, how many and for which order; `order`: in place of its bare name."""
    step = t("step {step}", step=row.name) if row.kind is Kind.OPERATION else row.name
    name = [html.Span(step, className="mp-ask-name")] if row.name else []
    said = [words.change_words(row, t), t("the factory wrote") if row.heard_at else ""]
    marks = [html.Span(one, className="mp-ask-new") for one in said if one]
    count = _hidden(t) if row.quantity is None else t("{count} pcs", count=t.number(row.quantity))
    order = order or (_hidden(t) if row.order is None else row.order)
    named = html.Span([t("order"), " ", order], className="mp-ask-order")
    kind = [t("Outsourced operation"), " · "] if row.kind is Kind.OPERATION else []
    return [
        html.H3([row.item or _hidden(t), *marks]),
        *name,
        html.Span([*kind, count, " · ", named], className="mp-ask-for"),
    ]


def when(row: Asked, sender: Sender, t: Translator) -> list[Any]:
    """Return by when it is needed, how far that moved, and how much of it is there."""
    label = t("finish by") if row.kind is Kind.OPERATION else t("needed by")
    due = row.due_at or row.planned_at
    if due is None:
        return [html.Span(label, className="mp-ask-label"), *_word(row, t)]
    parts: list[Any] = [html.Time(words.moment(due, sender.timezone, t), dateTime=due.isoformat())]
    if row.drift and row.planned_at is not None:
        planned = words.moment(row.planned_at, sender.timezone, t)
        parts.append(struck(planned, t("as planned: {when}", when=planned)))
    tone = _tone(row)
    drift = html.Span(words.drift_words(row, t), className=f"mp-ask-drift {tone}".strip())
    return [
        html.Span(label, className="mp-ask-label"),
        html.Div([*parts, *([] if row.done else [drift])], className="mp-ask-dates"),
        *_progress(row, t),
    ]


def _tone(row: Asked) -> str:
    """Return whether a drift makes it harder: material sooner, work finished later."""
    if not row.drift or row.done:
        return ""
    harder = (row.drift.total_seconds() > 0) == (row.kind is Kind.OPERATION)
    return "mp-ask-harder" if harder else "mp-ask-easier"


def struck(text: str, label: str) -> Component:
    """Return a date that holds no more."""
    return html.Del(text, title=label)


def _word(row: Asked, t: Translator) -> list[Any]:
    """Return what stands in the place of a date that isn't disclosed as one."""
    said = next(iter(row.words.values()), None)
    if said in set(Standing):
        look = LOOKS[Standing(said)]
        return [html.Span([shape(), t(look.word)], className=f"mp-standing {look.css}")]
    return [_hidden(t)]


def _progress(row: Asked, t: Translator) -> list[Any]:
    """Return the bar of what was shipped, or made."""
    whole = row.quantity
    if not whole:
        return []
    if row.kind is Kind.OPERATION:
        return _bar(row.good, None, whole, t("{count} of {whole} good"), t)
    return _bar(row.shipped, row.received, whole, t("{count} of {whole} shipped"), t)


def _bar(sent: int | None, came: int | None, whole: int, message: str, t: Translator) -> list[Any]:
    if sent is None:
        return []
    came = came or 0
    fills = [
        html.Span(className=f"mp-ask-fill {css}", style={"width": f"{_percent(n, whole):.1f}%"})
        for n, css in ((max(sent, came), "mp-ask-sent"), (came, "mp-ask-came"))
    ]
    said = message.format(count=t.number(sent), whole=t.number(whole))
    if came:
        received = t("{count} received", count=t.number(came))
        said = f"{said} · {received}"
    return [
        html.Span(fills, className="mp-ask-bar", **{"aria-hidden": "true"}),
        html.Span(said, className="mp-ask-count"),
    ]


def _percent(part: int, whole: int) -> float:
    return 100 * min(1.0, part / whole)


def known(row: Asked, sender: Sender, t: Translator, promised: str) -> list[Any]:
    """Return what was promised (`promised` names it), or how far an operation is."""
    if row.kind is Kind.OPERATION:
        scrap = [t("{count} scrap", count=t.number(row.scrap))] if row.scrap else []
        return _pair(t("Progress"), words.status_words(row, sender.timezone, t), scrap)
    if "promised_at" in row.hidden or "promised_at" in row.words:
        return _pair(promised, _hidden(t), [])
    if row.promised_at is None:
        waiting = [] if row.done else [t("no date promised yet")]
        return _pair(promised, NONE, waiting)
    advice = [row.dispatch_advice] if row.dispatch_advice and row.shipped else []
    judged, *planned = words.spare_words(row, t) or [""]
    said = [html.Span(judged, className="mp-ask-late" if row.late else "")] if judged else []
    at = words.moment(row.promised_at, sender.timezone, t)
    return _pair(promised, at, [*said, *planned, *advice])


def _pair(label: str, value: Any, notes: Sequence[Any]) -> list[Any]:
    below = [html.Span(note, className="mp-ask-note") for note in notes]
    return [
        html.Span(label, className="mp-ask-label"),
        html.Span(value, className="mp-ask-value"),
        *below,
    ]


def _actions(
    row: Asked, said: Sequence[Said], sender: Sender, t: Translator, alone: bool
) -> list[Any]:
    if row.key is None:
        return []
    return [*forms.actions(row, sender, t, alone), _thread(row, row.key, said, sender, t)]


def _thread(row: Asked, key: str, said: Sequence[Said], sender: Sender, t: Translator) -> Any:
    code = []
    if row.kind is Kind.OPERATION and not row.done:
        hint = t("Scan this with a phone to report from the shop floor.")
        src = forms.code_address(key, sender.site)
        image = picture(src, t("QR code of this operation"))
        code = [html.Div([image, html.P(hint, className="mp-ask-hint")], className="mp-ask-code")]
    body = [thread(said, sender, t), forms.comment(key, sender, t), *code]
    return forms.fold(summary(said, t), body, "mp-ask-talk", False, forms.group_of(row))


def picture(src: str, alt: str) -> Any:
    """Return an image that is only fetched once it is seen."""
    attributes = {"src": src, "alt": alt, "loading": "lazy", "width": 132, "height": 132}
    return Element("img", attributes)


def _hidden(t: Translator) -> Component:
    return html.Span(words.HIDDEN, className="mp-ask-hidden", title=t("not shared with you"))
