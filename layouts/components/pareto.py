"""A Pareto list: what adds most to the lateness first, each line a filter.

Pure. Two bars share a line's track, both measured against all hours that were added: the dark
one is the line's own, the pale one behind it all lines up to it, so that their ends draw the
Pareto curve.
"""

from collections.abc import Callable, Mapping, Sequence

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.delays import DelayBar
from layouts.components.delay_words import NOBODY, Names, hours, percent
from layouts.components.links import link
from layouts.text import Translator, msgid

SHOWN = 6
VITAL = 0.8  # the few that matter: those that make up this share of all hours
TITLES = {
    "cause": msgid("By cause"),
    "work_center": msgid("By work center"),
    "party": msgid("By supplier"),
    "product": msgid("By product"),
    "customer": msgid("By customer"),
}
Href = Callable[..., str]


class Line(Struct, frozen=True, kw_only=True):
    """A bar that adds hours: its share of them, and that of all bars up to it."""

    bar: DelayBar
    share: float
    together: float

    @property
    def vital(self) -> bool:
        """Whether it belongs to the few that matter."""
        return self.together - self.share < VITAL - 1e-9


class Pareto(Struct, frozen=True, kw_only=True):
    """One dimension's bars: those that add hours, and those that made some up."""

    dimension: str
    lines: tuple[Line, ...]
    made_up: tuple[DelayBar, ...]

    @property
    def added_s(self) -> float:
        """All that was added."""
        return sum(line.bar.late_s for line in self.lines)

    @property
    def made_up_s(self) -> float:
        """All that was made up; not more than nothing."""
        return sum(bar.late_s for bar in self.made_up)


def pareto_of(dimension: str, bars: Sequence[DelayBar]) -> Pareto:
    """Put the bars of a dimension in order and give each its shares."""
    adding = sorted((b for b in bars if b.late_s > 0), key=lambda bar: (-bar.late_s, bar.key))
    made_up = sorted((b for b in bars if b.late_s < 0), key=lambda bar: (bar.late_s, bar.key))
    whole, gone, lines = sum(bar.late_s for bar in adding), 0.0, []
    for bar in adding:
        gone += bar.late_s
        lines.append(Line(bar=bar, share=bar.late_s / whole, together=min(1.0, gone / whole)))
    return Pareto(dimension=dimension, lines=tuple(lines), made_up=tuple(made_up))


class Choice(Struct, frozen=True, kw_only=True):
    """The filters that are set, and how a link sets another."""

    set: Mapping[str, str | None]
    href: Href

    def turned(self, dimension: str, key: str) -> str:
        """Return the address with a key chosen, or no longer when it is."""
        value = None if self.set.get(dimension) == key else key or NOBODY
        return self.href(**{dimension: value, "page": None})


def section(of: Pareto, choice: Choice, names: Names) -> Component:
    """Return the list of one dimension under its heading."""
    t, title = names.t, names.t(TITLES[of.dimension])
    heading = f"pareto-{of.dimension.replace('_', '-')}"
    return html.Section(
        [
            html.Div([html.H3(title, id=heading), _heads(t)], className="mp-pareto-head"),
            *(_list(of, choice, names) if of.lines else [_none(t)]),
            *_made_up(of, choice, names),
            _sum(of, t),
        ],
        className="mp-pareto",
        **{"aria-labelledby": heading},
    )


def _heads(t: Translator) -> Component:
    words = (t("late"), t("share"), t("running total"))
    return html.Span([html.Span(word) for word in words], className="mp-pareto-heads")


def _list(of: Pareto, choice: Choice, names: Names) -> list[Component]:
    lines, rest = of.lines[:SHOWN], of.lines[SHOWN:]
    if len(rest) == 1:  # a fold of one line saves nothing
        lines, rest = of.lines, ()
    items = [_line(of.dimension, line, choice, names) for line in lines]
    others = _others(of.dimension, rest, choice, names)
    return [html.Ul(items, className="mp-pareto-lines"), *others]


def _others(dimension: str, rest: Sequence[Line], choice: Choice, names: Names) -> list[Component]:
    if not rest:
        return []
    t, chosen = names.t, choice.set.get(dimension)
    late_s, share = sum(line.bar.late_s for line in rest), sum(line.share for line in rest)
    words = [
        html.Span(t("{count} others", count=t.number(len(rest)))),
        html.Span(hours(late_s, t), className="mp-pareto-late"),
        html.Span(percent(share, t), className="mp-pareto-share"),
    ]
    items = [_line(dimension, line, choice, names) for line in rest]
    opened = any(line.bar.key == chosen for line in rest)
    return [
        html.Details(
            [html.Summary(words), html.Ul(items, className="mp-pareto-lines")],
            open=opened or None,
            className="mp-pareto-others",
        )
    ]


def _line(dimension: str, line: Line, choice: Choice, names: Names) -> Component:
    t, bar = names.t, line.bar
    chosen = choice.set.get(dimension) == bar.key
    css = "mp-pareto-line" if line.vital else "mp-pareto-line mp-tail"
    anchor = link(
        [
            _name(dimension, bar.key, names),
            html.Span(hours(bar.late_s, t), className="mp-pareto-late"),
            html.Span(percent(line.share, t), className="mp-pareto-share"),
            html.Span(percent(line.together, t), className="mp-pareto-together"),
            _track(line),
        ],
        choice.turned(dimension, bar.key),
        css,
        "true" if chosen else "",
    )
    anchor.title = _hint(dimension, bar, chosen, names)
    return html.Li(anchor)


def _name(dimension: str, key: str, names: Names) -> Component:
    note = names.note(dimension, key)
    owner = [html.Span(note, className="mp-pareto-owner")] if note else []
    return html.Span([names.of(dimension, key), *owner], className="mp-pareto-name")


def _hint(dimension: str, bar: DelayBar, chosen: bool, names: Names) -> str:
    t = names.t
    does = t("Remove this filter") if chosen else t("Show only this")
    count = t("{count} late orders", count=t.number(bar.orders))
    parts = (names.said(dimension, bar.key), names.meaning(dimension, bar.key), count, does)
    return "\n".join(part for part in parts if part)


def _track(line: Line) -> Component:
    together, share = f"{100 * line.together:.2f}%", f"{100 * line.share:.2f}%"
    bars = [
        html.Span(className="mp-pareto-all", style={"width": together}),
        html.Span(className="mp-pareto-own", style={"width": share}),
    ]
    return html.Span(bars, className="mp-pareto-track", **{"aria-hidden": "true"})


def _made_up(of: Pareto, choice: Choice, names: Names) -> list[Component]:
    if not of.made_up:
        return []
    t = names.t
    items = [
        html.Li(
            link(
                [
                    _name(of.dimension, bar.key, names),
                    html.Span(hours(bar.late_s, t), className="mp-pareto-late"),
                ],
                choice.turned(of.dimension, bar.key),
                "mp-pareto-line",
                "true" if choice.set.get(of.dimension) == bar.key else "",
            )
        )
        for bar in of.made_up
    ]
    summary = [
        html.Span(t("time made up")),
        html.Span(hours(of.made_up_s, t), className="mp-pareto-late"),
    ]
    opened = any(choice.set.get(of.dimension) == bar.key for bar in of.made_up)
    return [
        html.Details(
            [html.Summary(summary), html.Ul(items, className="mp-pareto-lines")],
            open=opened or None,
            className="mp-pareto-others mp-pareto-made-up",
        )
    ]


def _sum(of: Pareto, t: Translator) -> Component:
    total = html.Span(hours(of.added_s + of.made_up_s, t), className="mp-pareto-late")
    return html.P([html.Span(t("together")), total], className="mp-pareto-sum")


def _none(t: Translator) -> Component:
    return html.P(t("Nothing adds to the lateness here."), className="mp-pareto-none")
