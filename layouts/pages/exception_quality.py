"""How good the alarms themselves are: rates, floods, sources, answers, against the guides' limits.

Pure; `callbacks.desk.exception_quality` finds what it shows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.exceptions.quality.records import (
    A_DAY,
    FLOOD,
    TARGET,
    WINDOW,
    Band,
    Delay,
    Quality,
    WorstDay,
)
from data.domain.exceptions.records import Severity
from data.domain.scope import Role
from data.domain.view import Standing
from layouts import charts
from layouts.components import desk, forms
from layouts.components.exception_looks import ROLES, SEVERITIES, SEVERITY_LOOKS
from layouts.components.links import link
from layouts.text import NONE, Translator, msgid

TITLE = msgid("Quality of exceptions")
BANDS = {
    Band.MANAGEABLE: msgid("manageable"),
    Band.OVER_DEMANDING: msgid("over-demanding"),
    Band.FLOOD: msgid("flood"),
}
TONES = {
    Band.MANAGEABLE: Standing.ON_TRACK,
    Band.OVER_DEMANDING: Standing.AT_RISK,
    Band.FLOOD: Standing.LATE,
}
MOST_ROWS = 20

Href = Callable[..., str]


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `rules`, `areas`: names by id."""

    quality: Quality
    rules: Mapping[str, str]
    areas: Mapping[str, str]
    area: str | None
    person: str | None
    theme: str

    @property
    def timezone(self) -> str:
        """The site's."""
        return self.quality.period.timezone

    def rule(self, id: str) -> str:
        """Return what a rule is called."""
        return self.rules.get(id, id)


def layout(shown: Shown, href: Href, t: Translator) -> Component:
    """Return the page."""
    found = shown.quality
    lead = t("Measured against EEMUA 191 and ISA-18.2, in real time")
    back = link(t("To the exceptions"), href("/exceptions"), "mp-small-button")
    head = [desk.page_head(t(TITLE), lead, back), _filters(shown, href, t)]
    if not found.people and not found.raised and not found.stale:
        words = t("Nothing came up and nobody was told of anything in this period.")
        return html.Div([*head, desk.empty(t("No exceptions"), words)], className="mp-q-page")
    return html.Div(
        [*head, _stats(found, t), _worst(shown, t), _people(shown, href, t), _floods(shown, t),
         html.Div([_sources(shown, t), _severities(found, t)], className="mp-q-two"),
         _answers(shown, t), _precision(shown, t), _stale(shown, href, t), _chattering(shown, t)],
        className="mp-q-page",
    )  # fmt: skip


def subject_words(subject: str) -> str:
    """Return what a subject is about, without its kind."""
    return " · ".join(subject.split("/")[1:]) or subject


def key_words(key: str, t: Translator) -> str:
    """Return what a role is called."""
    return t(ROLES.get(Role(key), key)) if key in set(Role) else key


def rate(value: float, t: Translator) -> str:
    """Return a rate with two digits behind the point where they matter."""
    return t.number(value) if value >= 10 else f"{value:.2f}"


def _filters(shown: Shown, href: Href, t: Translator) -> Component:
    period = shown.quality.period
    lines = [("", t("All lines")), *shown.areas.items()]
    people = [("", t("Whoever has most")), *((o.person, o.name) for o in shown.quality.people)]
    fields = [
        forms.day_field("since", period.since.isoformat(), t("From day")),
        forms.day_field("until", period.until.isoformat(), t("To day")),
        forms.choice_field("line", lines, shown.area, t("Line")),
        forms.choice_field("person", people, shown.person, t("Person")),
        forms.send(t("Show")),
    ]
    action = href(since=None, until=None, line=None, person=None)
    return html.Div(forms.form(action, fields, t("Period and line")), className="mp-filters")


def _stats(found: Quality, t: Translator) -> Component:
    worst = found.people[0] if found.people else None
    mean = NONE if worst is None else rate(max(one.mean for one in found.people), t)
    day = 0 if worst is None else max(one.on_busiest for one in found.people)
    peak = 0 if worst is None else max(one.peak for one in found.people)
    return desk.stats(
        desk.stat(t("Alarm rate"), t(BANDS[found.band]), t("of whoever has it worst"),
                  TONES[found.band]),
        desk.stat(t("In ten minutes, on average"), mean, t("1 is manageable")),
        desk.stat(t("Most in ten minutes"), t.number(peak),
                  t("more than {count} are a flood", count=FLOOD)),
        desk.stat(t("Most on a day"), t.number(day), t("{count} are acceptable", count=A_DAY)),
        desk.stat(t("Floods"), t.number(len(found.floods))),
        desk.stat(t("Came up"), t.number(found.raised), t("exceptions, those inside left out")),
    )  # fmt: skip


def _worst(shown: Shown, t: Translator) -> Component:
    worst = shown.quality.worst
    if worst is None:
        return desk.section(t("Day of most alarms"), t("Nobody was told of anything."))
    title = t("{name} on {day}, by ten minutes", name=worst.name,
              day=t.day(worst.start, shown.timezone))  # fmt: skip
    chart = charts.graph("exception-quality-day", _figure(worst, shown, t), title)
    return desk.section(title, chart)


def _figure(worst: WorstDay, shown: Shown, t: Translator) -> charts.Figure:
    starts = [worst.start + WINDOW * n for n in range(len(worst.slots))]
    labels = [t.clock(at, shown.timezone) for at in starts]
    tones = [charts.colour(shown.theme, _tone(count)) for count in worst.slots]
    trace: dict[str, Any] = {
        "type": "bar",
        "x": list(range(len(labels))),
        "y": list(worst.slots),
        "customdata": labels,
        "marker": {"color": tones, "line": {"width": 0}},
        "hovertemplate": "%{customdata} · %{y}<extra></extra>",
    }
    hours, flooded = list(range(0, len(labels), 18)), max(worst.slots) > FLOOD
    return charts.figure(
        shown.theme,
        [trace],
        xaxis={"tickvals": hours, "ticktext": [labels[n] for n in hours], "showgrid": False,
               "range": [-0.5, len(labels) - 0.5]},
        yaxis={"rangemode": "tozero", "dtick": max(1, max(worst.slots) // 5)},
        shapes=[_limit(shown.theme)] if flooded else [],
        annotations=[_note(t("flood"), shown.theme)] if flooded else [],
        bargap=0.1,
        height=220,
    )  # fmt: skip


def _tone(count: int) -> str:
    if count > FLOOD:
        return "late"
    return "at-risk" if count > 1 else "bar"


def _limit(theme: str) -> dict[str, Any]:
    at = FLOOD + 0.5
    line = {"color": charts.colour(theme, "late"), "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at, "line": line}


def _note(words: str, theme: str) -> dict[str, Any]:
    return {
        "xref": "paper", "x": 0, "y": FLOOD + 0.5, "text": words, "showarrow": False,
        "xanchor": "left", "yanchor": "bottom", "font": {"color": charts.colour(theme, "late")},
    }  # fmt: skip


def _people(shown: Shown, href: Href, t: Translator) -> Component:
    columns = (
        desk.TableColumn(key="name", heading=t("Person")),
        desk.TableColumn(key="band", heading=t("Alarm rate")),
        desk.TableColumn(key="alarms", heading=t("Alarms"), css="mp-num"),
        desk.TableColumn(key="mean", heading=t("In ten minutes"), css="mp-num"),
        desk.TableColumn(key="peak", heading=t("Most in ten minutes"), css="mp-num"),
        desk.TableColumn(key="when", heading=t("When")),
        desk.TableColumn(key="day", heading=t("Most on a day"), css="mp-num"),
        desk.TableColumn(key="floods", heading=t("Floods"), css="mp-num"),
    )
    rows = [
        desk.TableRow(
            key=one.person,
            href=href(person=one.person),
            cells={
                "name": one.name,
                "band": desk.standing(TONES[one.band], t, t(BANDS[one.band])),
                "alarms": t.number(one.alarms),
                "mean": rate(one.mean, t),
                "peak": t.number(one.peak),
                "when": t.exact(one.peak_at, shown.timezone),
                "day": t.number(one.on_busiest),
                "floods": t.number(len(one.floods)),
            },
        )
        for one in shown.quality.people
    ]
    return _listed(t("Who was told how much"), columns, rows, t("Nobody was told of anything."),
                   "name")  # fmt: skip


def _floods(shown: Shown, t: Translator) -> Component:
    columns = (
        desk.TableColumn(key="name", heading=t("Person")),
        desk.TableColumn(key="start", heading=t("From")),
        desk.TableColumn(key="finish", heading=t("Until")),
        desk.TableColumn(key="alarms", heading=t("Alarms"), css="mp-num"),
    )
    rows = [
        desk.TableRow(
            key=f"{one.person}-{one.start.isoformat()}",
            cells={
                "name": one.name,
                "start": t.exact(one.start, shown.timezone),
                "finish": t.exact(one.finish, shown.timezone),
                "alarms": t.number(one.alarms),
            },
        )
        for one in shown.quality.floods[:MOST_ROWS]
    ]
    return _listed(t("Floods"), columns, rows, t("None: never more than ten in ten minutes."))


def _sources(shown: Shown, t: Translator) -> Component:
    most = max((one.raised for one in shown.quality.sources), default=1)
    items = [
        desk.Bar(
            words=f"{shown.rule(one.rule)} · {subject_words(one.subject)}",
            value=f"{t.number(one.raised)} · {t.percent(one.share)} %",
            share=one.raised / most,
        )
        for one in shown.quality.sources
    ]
    title = t("Top ten sources")
    body = desk.bars(items, title) if items else t("Nothing came up.")
    return desk.section(title, body)


def _severities(found: Quality, t: Translator) -> Component:
    total = sum(found.severities.values())
    items = []
    for severity in Severity:
        count = found.severities.get(severity, 0)
        share = count / total if total else 0.0
        aim = t("recommended {share} %", share=t.percent(TARGET[severity]))
        value = f"{t.percent(share)} %" if total else NONE
        items.append(desk.Bar(words=t(SEVERITIES[severity]), value=value, share=share, note=aim,
                              standing=_too_many(severity, share)))  # fmt: skip
    title = t("How severe they were")
    return desk.section(title, desk.bars(items, title))


def _too_many(severity: Severity, share: float) -> Standing | None:
    """Return a mark for a severity that is twice as frequent as it should be."""
    over = severity is not Severity.LOW and share > 2 * TARGET[severity]
    return SEVERITY_LOOKS[severity] if over else None


def _answers(shown: Shown, t: Translator) -> Component:
    columns = (
        desk.TableColumn(key="key", heading=t("Rule or role")),
        desk.TableColumn(key="raised", heading=t("Came up"), css="mp-num"),
        desk.TableColumn(key="ack", heading=t("Acknowledged after"), css="mp-num"),
        desk.TableColumn(key="ack90", heading=t("9 of 10 within"), css="mp-num"),
        desk.TableColumn(key="done", heading=t("Over after"), css="mp-num"),
        desk.TableColumn(key="done90", heading=t("9 of 10 within"), css="mp-num"),
        desk.TableColumn(key="unseen", heading=t("Went by unseen"), css="mp-num"),
    )
    named = [(one, shown.rule(one.key)) for one in shown.quality.by_rule]
    named += [(one, key_words(one.key, t)) for one in shown.quality.by_role]
    rows = [
        desk.TableRow(
            key=name,
            cells={
                "key": name,
                "raised": t.number(one.raised),
                "ack": _mean(one.acknowledged, t),
                "ack90": _p90(one.acknowledged, t),
                "done": _mean(one.resolved, t),
                "done90": _p90(one.resolved, t),
                "unseen": t.number(one.unseen),
            },
        )
        for one, name in named
    ]
    return _listed(t("How fast they were answered"), columns, rows, t("Nothing came up."))


def _mean(took: Delay, t: Translator) -> str:
    return NONE if took.mean_s is None else t.duration(took.mean_s)


def _p90(took: Delay, t: Translator) -> str:
    return NONE if took.p90_s is None else t.duration(took.p90_s)


def _precision(shown: Shown, t: Translator) -> Component:
    columns = (
        desk.TableColumn(key="rule", heading=t("Rule")),
        desk.TableColumn(key="share", heading=t("Useful"), css="mp-num"),
        desk.TableColumn(key="useful", heading=t("Marked useful"), css="mp-num"),
        desk.TableColumn(key="noise", heading=t("Marked noise"), css="mp-num"),
    )
    rows = [
        desk.TableRow(
            key=one.rule,
            cells={
                "rule": shown.rule(one.rule),
                "share": f"{t.percent(one.share)} %",
                "useful": t.number(one.useful),
                "noise": t.number(one.noise),
            },
        )
        for one in shown.quality.precision
    ]
    none = t("Nobody marked an exception as useful or noise.")
    return _listed(t("What recipients said"), columns, rows, none)


def _stale(shown: Shown, href: Href, t: Translator) -> Component:
    columns = (
        desk.TableColumn(key="number", heading=t("Number")),
        desk.TableColumn(key="what", heading=t("What")),
        desk.TableColumn(key="since", heading=t("Since")),
        desk.TableColumn(key="stood", heading=t("Stood for"), css="mp-num"),
    )
    rows = [
        desk.TableRow(
            key=str(one.number),
            href=href(f"/exceptions/{one.number}"),
            cells={
                "number": f"E-{one.number}",
                "what": f"{shown.rule(one.rule)} · {subject_words(one.subject)}",
                "since": t.exact(one.since, shown.timezone),
                "stood": t.duration(one.stood_s),
            },
        )
        for one in shown.quality.stale[:MOST_ROWS]
    ]
    title = t("Stood for more than a day")
    return _listed(title, columns, rows, t("None."), "number", len(shown.quality.stale))


def _chattering(shown: Shown, t: Translator) -> Component:
    columns = (
        desk.TableColumn(key="what", heading=t("What")),
        desk.TableColumn(key="times", heading=t("Most in a minute"), css="mp-num"),
        desk.TableColumn(key="at", heading=t("When")),
        desk.TableColumn(key="minutes", heading=t("Such minutes"), css="mp-num"),
    )
    rows = [
        desk.TableRow(
            key=f"{one.rule}-{one.subject}",
            cells={
                "what": f"{shown.rule(one.rule)} · {subject_words(one.subject)}",
                "times": t.number(one.times),
                "at": t.exact(one.at, shown.timezone),
                "minutes": t.number(one.minutes),
            },
        )
        for one in shown.quality.chattering[:MOST_ROWS]
    ]
    none = t("None: nothing came up three times within a minute.")
    return _listed(t("Chattering"), columns, rows, none)


def _listed(
    title: str, columns: Sequence[desk.TableColumn], rows: Sequence[desk.TableRow], none: str,
    opens: str = "", count: int = 0,
) -> Component:  # fmt: skip
    if not rows:
        return desk.section(title, html.P(none, className="mp-mute"))
    aside = str(count) if count > len(rows) else None
    return desk.section(title, desk.table(columns, rows, title, opens), aside)
