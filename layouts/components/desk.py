"""Parts of the pages that are read at a desk: tables, bars, figures, chips, fields, states.

Pure; used by `layouts.pages`. All state is in links and GET forms, so every part is given
ready hrefs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.view import Standing
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.text import Translator
from layouts.theme import LOOKS

Child = Any  # a component, a text or a list of them


def section(title: str, body: Child, aside: Child = None, css: str = "", id: str = "") -> Component:
    """Return a part of a page under its heading; `aside` stands at the heading's right."""
    head = [html.H2(title), *([html.Div(aside, className="mp-aside")] if aside else [])]
    own = {"id": id} if id else {}
    return html.Section(
        [html.Div(head, className="mp-section-head"), html.Div(body, className="mp-section-body")],
        className=f"mp-section {css}".strip(),
        **own,
    )


def page_head(title: str, words: Child = None, actions: Child = None) -> Component:
    """Return the page's name, one line on what it shows, and what may be done here."""
    lead = [html.P(words, className="mp-lead-line")] if words else []
    return html.Div(
        [html.Div([html.H1(title), *lead]), html.Div(actions or [], className="mp-actions")],
        className="mp-page-head",
    )


def standing(value: Standing, t: Translator, words: str | None = None) -> Component:
    """Return a standing: its shape and its word in its tone."""
    look = LOOKS[value]
    return html.Span([shape(), words or t(look.word)], className=f"mp-standing {look.css}")


def stat(label: str, value: Child, note: Child = None, tone: Standing | None = None) -> Component:
    """Return one key figure with its name and, below, what it is measured against."""
    css = f"mp-stat {LOOKS[tone].css}" if tone else "mp-stat"
    below = [html.Span(note, className="mp-stat-note")] if note else []
    mark = [shape()] if tone else []
    value = html.Span([*mark, html.Span(value)], className="mp-stat-value")
    return html.Div([html.Span(label, className="mp-stat-label"), value, *below], className=css)


def stats(*tiles: Component) -> Component:
    """Return a row of key figures."""
    return html.Div(list(tiles), className="mp-stats")


class Chip(Struct, frozen=True, kw_only=True):
    """A filter as a link; `count` says what it would leave."""

    words: str
    href: str
    chosen: bool = False
    count: str = ""
    standing: Standing | None = None


def chips(items: Sequence[Chip], label: str) -> Component:
    """Return filters of which one is chosen."""
    return html.Nav([_chip(item) for item in items], className="mp-chips", **{"aria-label": label})


def _chip(item: Chip) -> Component:
    mark = [shape()] if item.standing else []
    count = [html.Span(item.count, className="mp-count")] if item.count else []
    css = f"mp-chip-link {LOOKS[item.standing].css}" if item.standing else "mp-chip-link"
    return link([*mark, item.words, *count], item.href, css, "true" if item.chosen else "")


def removable(words: str, href: str, t: Translator) -> Component:
    """Return a filter that is set, with the way to take it away."""
    cross = html.Span("×", className="mp-cross", **{"aria-hidden": "true"})
    label = t("Remove filter: {words}", words=words)
    return link([words, cross], href, "mp-set", label=label)


class TableColumn(Struct, frozen=True, kw_only=True):
    """A column; `css` names it, `sort` is the link that sorts by it."""

    key: str
    heading: str
    css: str = ""  # mp-num: right, in tabular figures
    sort: str | None = None
    sorted: str = ""  # "ascending" or "descending" when it is


class TableRow(Struct, frozen=True, kw_only=True):
    """A row: cells by column key; `href` makes its first linked cell open it."""

    key: str
    cells: Mapping[str, Child]
    href: str | None = None
    standing: Standing | None = None
    stale: bool = False


def table(
    columns: Sequence[TableColumn], rows: Sequence[TableRow], label: str, opens: str = "",
    named: str = "",
) -> Component:  # fmt: skip
    """Return a table; `opens` names the column whose cell is each row's link.

    `named`: what the ids of rows begin with; in a still part a row stays the same by its id.
    """
    heads = html.Tr([_head(column) for column in columns])
    body = [_row(columns, row, opens, named) for row in rows]
    whole = html.Table(
        [html.Thead(heads), html.Tbody(body)], className="mp-table", **{"aria-label": label}
    )
    return html.Div(
        whole, className="mp-table-box", tabIndex=0, role="region", **{"aria-label": label}
    )


def _head(column: TableColumn) -> Component:
    words: Child = column.heading
    if column.sort:
        mark = html.Span(className=f"mp-arrow mp-{column.sorted or 'unsorted'}")
        words = link([column.heading, mark], column.sort, "mp-sort")
    marks = {"aria-sort": column.sorted} if column.sorted else {}
    return html.Th(words, scope="col", className=column.css or None, **marks)


def _row(columns: Sequence[TableColumn], row: TableRow, opens: str, named: str) -> Component:
    cells = []
    for column in columns:
        value = row.cells.get(column.key, "")
        if column.key == opens and row.href:
            value = link(value, row.href, "mp-row-link mp-row-open")
        cells.append(html.Td(value, className=column.css or None))
    css = LOOKS[row.standing].css if row.standing else ""
    hatched = " mp-stale" if row.stale else ""
    own = {"id": f"{named}-{row.key}"} if named else {}
    return html.Tr(cells, className=f"{css}{hatched}".strip() or None, **own)


class Bar(Struct, frozen=True, kw_only=True):
    """One bar of a list: `share` 0..1 of the longest; a second, lighter part may follow."""

    words: Child
    value: str
    share: float
    href: str | None = None
    chosen: bool = False
    note: str = ""
    standing: Standing | None = None


def bars(items: Sequence[Bar], label: str) -> Component:
    """Return a list of horizontal bars, each a link when it filters something."""
    return html.Ul([_bar(item) for item in items], className="mp-bars", **{"aria-label": label})


def _bar(item: Bar) -> Component:
    share = min(1.0, max(0.0, item.share))
    track = html.Span(
        html.Span(className="mp-bar-fill", style={"width": f"{100 * share:.2f}%"}),
        className="mp-bar-track",
        **{"aria-hidden": "true"},
    )
    note = [html.Span(item.note, className="mp-bar-note")] if item.note else []
    inside = [
        html.Span([item.words, *note], className="mp-bar-words"),
        html.Span(item.value, className="mp-bar-amount"),
        track,
    ]
    css = f"mp-bar-row {LOOKS[item.standing].css}" if item.standing else "mp-bar-row"
    if item.href is None:
        return html.Li(html.Span(inside, className=css))
    return html.Li(link(inside, item.href, css, "true" if item.chosen else ""))


def pager(page: int, pages: int, previous: str, following: str, t: Translator) -> Component:
    """Return the way to the page before and the next; nothing when there is only one."""
    if pages < 2:
        return html.Span()
    place = t("page {page} of {pages}", page=t.number(page), pages=t.number(pages))
    return html.Nav(
        [
            _step(t("Previous"), previous if page > 1 else None),
            html.Span(place, className="mp-place-now"),
            _step(t("Next"), following if page < pages else None),
        ],
        className="mp-pager",
        **{"aria-label": t("Pages of the list")},
    )


def _step(words: str, href: str | None) -> Component:
    if href is None:
        return html.Span(words, className="mp-small-button", **{"aria-disabled": "true"})
    return link(words, href, "mp-small-button")


def empty(heading: str, words: str = "", href: str = "", way: str = "") -> Component:
    """Return what stands where there is nothing to show: why, and what to do."""
    parts: list[Component] = [
        html.Span(className="mp-sign", **{"aria-hidden": "true"}),
        html.H2(heading),
    ]
    parts += [html.P(words)] if words else []
    parts += [link(way, href, "mp-button")] if href else []
    return html.Div(parts, className="mp-empty-state")
