"""The list of orders. Pure; `callbacks.desk.orders` finds what it shows."""

from collections.abc import Callable, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from data.domain.view import RiskRow
from layouts.components import desk
from layouts.sheets import Column, Sheet
from layouts.text import Translator, msgid
from layouts.theme import LOOKS
from layouts.urls import segment

TITLE = msgid("Orders")


def layout(
    rows: Sequence[RiskRow], href: Callable[..., str], timezone: str, now: datetime, t: Translator
) -> Component:
    """Return the page."""
    columns = [
        desk.TableColumn(key="standing", heading=t("Standing")),
        desk.TableColumn(key="order", heading=t("Order")),
        desk.TableColumn(key="product", heading=t("Product")),
        desk.TableColumn(key="due", heading=t("Due"), css="mp-num"),
    ]
    lines = [
        desk.TableRow(
            key=row.order,
            href=href(f"/orders/{segment(row.order)}"),
            standing=row.standing,
            cells={
                "standing": desk.standing(row.standing, t),
                "order": row.order,
                "product": row.product,
                "due": t.moment(row.due_at, timezone, now),
            },
        )
        for row in rows
    ]
    return html.Div([desk.page_head(t(TITLE)), desk.table(columns, lines, t(TITLE), opens="order")])


def sheet(rows: Sequence[RiskRow], t: Translator) -> Sheet:
    """Return the list as a table."""
    return Sheet(
        name=t(TITLE),
        columns=(
            Column(key="order", heading=t("Order")),
            Column(key="product", heading=t("Product")),
            Column(key="standing", heading=t("Standing")),
            Column(key="due", heading=t("Due"), kind="moment"),
        ),
        rows=[
            {
                "order": r.order,
                "product": r.product,
                "standing": t(LOOKS[r.standing].word),
                "due": r.due_at,
            }
            for r in rows
        ],
    )
