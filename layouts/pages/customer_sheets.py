"""A customer's board as tables. Pure; from the same records as the page."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from data.domain.bought import Bought, Node
from data.domain.dates import Entry, Side
from data.domain.view import Standing
from layouts.components.dating import SAID
from layouts.components.outlook import outlook
from layouts.pages.customer import TITLE
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator
from layouts.theme import LOOKS

Histories = Mapping[str, Sequence[Entry]]


def sheets(rows: Sequence[Bought], said: Histories, t: Translator) -> tuple[Sheet, ...]:
    """Return the orders, their milestones, and what was said about dates."""
    return (_orders(rows, t), _milestones(rows, t), _history(rows, said, t))


def _orders(rows: Sequence[Bought], t: Translator) -> Sheet:
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="product", heading=t("Product")),
        Column(key="quantity", heading=t("Quantity"), kind="number"),
        Column(key="standing", heading=t("Standing")),
        Column(key="outlook", heading=t("Outlook")),
        Column(key="due", heading=t("Promised"), kind="moment"),
        Column(key="p80", heading=t("80 % by"), kind="moment"),
        Column(key="completed", heading=t("Completed"), kind="moment"),
    )
    values: list[Mapping[str, Value]] = [
        {
            "order": row.order, "product": row.product, "quantity": row.quantity,
            "standing": standing_word(row.standing, t), "outlook": outlook(row, t),
            "due": row.due_at, "p80": row.p80_at, "completed": row.completed_at,
        }
        for row in rows
    ]  # fmt: skip
    return Sheet(name=t(TITLE), columns=columns, rows=values)


def _milestones(rows: Sequence[Bought], t: Translator) -> Sheet:
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="name", heading=t("Milestone")),
        Column(key="standing", heading=t("Standing")),
        Column(key="baseline_at", heading=t("Baseline"), kind="moment"),
        Column(key="requested_at", heading=t("Requested"), kind="moment"),
        Column(key="confirmed_at", heading=t("Confirmed"), kind="moment"),
        Column(key="committed_at", heading=t("Committed"), kind="moment"),
        Column(key="forecast_p80_at", heading=t("80 % by"), kind="moment"),
        Column(key="reached_at", heading=t("Reached"), kind="moment"),
    )
    values = [milestone_values(row.order, node, t) for row in rows for node in row.nodes]
    return Sheet(name=t("Milestones"), columns=columns, rows=values)


def milestone_values(order: str | None, node: Node, t: Translator) -> Mapping[str, Value]:
    """Return a milestone's cells; a date that is disclosed as a word stands as that."""
    dates: dict[str, datetime | None] = {
        "baseline_at": node.baseline_at, "requested_at": node.requested_at,
        "confirmed_at": node.confirmed_at, "committed_at": node.committed_at,
        "forecast_p50_at": node.p50_at, "forecast_p80_at": node.p80_at,
        "reached_at": node.reached_at,
    }  # fmt: skip
    cells: dict[str, Value] = {name: _date(node, name, at, t) for name, at in dates.items()}
    own = {"order": order, "name": node.name, "standing": standing_word(node.standing, t)}
    return {**cells, **own}


def standing_word(standing: Standing | None, t: Translator) -> str:
    """Return what a standing is called; nothing when it isn't shared."""
    return "" if standing is None else t(LOOKS[standing].word)


def _date(node: Node, name: str, at: datetime | None, t: Translator) -> Value:
    word = node.words.get(name)
    return t(LOOKS[Standing(word)].word) if word in set(Standing) else at


def _history(rows: Sequence[Bought], said: Histories, t: Translator) -> Sheet:
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="name", heading=t("Milestone")),
        Column(key="at", heading=t("Said at"), kind="moment"),
        Column(key="side", heading=t("By")),
        Column(key="author", heading=t("Person")),
        Column(key="said", heading=t("What")),
        Column(key="date", heading=t("Date"), kind="moment"),
        Column(key="words", heading=t("Words")),
    )
    return Sheet(name=t("What was said"), columns=columns, rows=list(_said(rows, said, t)))


def _said(rows: Sequence[Bought], said: Histories, t: Translator) -> Iterator[Mapping[str, Value]]:
    for row in rows:
        for node in row.nodes:
            for entry in said.get(node.key or "", ()):
                side = t("you") if entry.side is Side.PARTY else t("the factory")
                yield {
                    "order": row.order, "name": node.name, "at": entry.at, "side": side,
                    "author": entry.author, "said": t(SAID[entry.said]), "date": entry.date_at,
                    "words": entry.words,
                }  # fmt: skip
