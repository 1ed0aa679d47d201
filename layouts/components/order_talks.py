"""What is said with suppliers about an order's needs and outsourced operations. Pure.

Stands on the page of the order, with the form by which the factory answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.asked import key_of
from data.domain.order_view import OrderView
from data.domain.policy import Kind
from layouts.components import desk, need_forms
from layouts.components.links import link
from layouts.components.need_forms import Sender
from layouts.components.need_talk import Said, summary, thread
from layouts.components.reading import Reading
from layouts.components.still import SAYS


class Talks(Struct, frozen=True, kw_only=True):
    """Threads by the keys of their rows. `sender`: None for who can't add to them."""

    threads: Mapping[str, Sequence[Said]] = {}
    sender: Sender | None = None


def talks_section(view: OrderView, talks: Talks, reading: Reading) -> Component | None:
    """Return the threads, those that wait for an answer unfolded; nothing where none can be."""
    items = [
        _talk(key, words, talks, reading)
        for key, words in _rows(view, reading)
        if key in talks.threads or talks.sender is not None
    ]
    if not items:
        return None
    t = reading.t
    said = html.Div(className="mp-ask-said", role="status", **SAYS)
    aside = link(t("All that was asked of suppliers"), reading.address.href("/needs", at=None))
    body = html.Div([said, *items], className="mp-talks")
    return desk.section(t("Comments with suppliers"), body, aside, id="talks")


def _talk(key: str, words: str, talks: Talks, reading: Reading) -> Any:
    t, said = reading.t, talks.threads.get(key, ())
    waits = bool(said) and not said[-1].own
    form: list[Any] = []
    if talks.sender is not None:
        hint = t("Write to the supplier about this")
        form = [need_forms.comment(key, talks.sender, t, hint)]
    body = [thread(said, reader=reading, t=t), *form]
    label = [html.Span(words, className="mp-talk-about"), *summary(said, t, waits)]
    return need_forms.fold(label, body, "mp-ask-talk", waits)


def _rows(view: OrderView, reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield the key of each need and outsourced operation, and what it is, of whom."""
    order = view.order.id
    for line in view.needs:
        need = line.need
        key = key_of(Kind.NEED, {"order": order, "need": need.id})
        whose = reading.parties.get(need.supplier, need.supplier)
        if key is not None:
            yield key, " · ".join((f"{need.part} {need.name}".strip(), whose))
    for one in view.operations:
        party = one.plan.performed_by
        key = key_of(Kind.OPERATION, {"order": order, "operation": one.plan.id})
        if key is not None and party is not None:
            name = f"{one.plan.id} {one.plan.name}".strip()
            yield key, " · ".join((name, reading.parties.get(party, party)))
