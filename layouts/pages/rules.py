"""The rules by which exceptions come up: how each was answered; changing and trying one. Pure.

`callbacks.desk.rules` finds what it shows and takes what is changed. What is tried stands in the
address, so a link shows the same trial.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.exceptions.quality.records import Answers, Precision
from data.domain.exceptions.rule_rules import SETTINGS
from data.domain.exceptions.rules import Condition, Rule
from data.domain.view import Standing
from layouts import ids
from layouts.components import desk
from layouts.components import exception_looks as looks
from layouts.components.exception_words import condition
from layouts.components.links import link
from layouts.components.rule_form import FIELDS, RuleForm, expected, form
from layouts.components.still import Element, still
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid

TITLE = msgid("Rules")
SAID = {
    "saved": msgid("The rule was changed. It holds within a few seconds."),
    "added": msgid("The rule was made. It holds within a few seconds."),
    "retired": msgid("The rule was retired. It holds no more."),
    "reset": msgid("The rule is again what it usually is."),
    "wrong": msgid("That can't be: {field}; expected {expected}. Nothing was changed."),
    "moved": msgid("Someone else changed this rule meanwhile. Look again."),
    "untried": msgid("Nothing is recorded of what this rule looks at, so it can't be tried."),
}

Href = Callable[..., str]


class RuleRow(Struct, frozen=True, kw_only=True):
    """One rule with what came of it lately. None: nothing came up, nobody said anything.

    `own`: the site made it; no usual rule stands behind it.
    """

    rule: Rule
    name: str
    version: int = 0
    differs: bool = False
    own: bool = False
    answers: Answers | None = None
    precision: Precision | None = None


class Tried(Struct, frozen=True, kw_only=True):
    """What came of trying a rule. `firings`: when, of what, and whether somebody acted."""

    days: str
    since: datetime
    fired: int
    subjects: int
    known: int
    acted: int
    standing: int
    by_day: tuple[tuple[str, int], ...]
    firings: tuple[tuple[datetime, str, bool], ...]


class RulesView(Struct, frozen=True, kw_only=True):
    """All rules, and the one that is open. `edited`: as its form has it, saved or not.

    `token`: None for those who may only look. `said`: what came of a form; `field`: what of it
    can't be. `lately`: over how many days rules were counted. `asks`: which condition a new rule
    is to have; `fresh`: the open one is new. `known`: names of the site, by field of `applies`.
    """

    rows: Sequence[RuleRow]
    lately: int
    site: str
    timezone: str
    now: datetime
    chosen: RuleRow | None = None
    edited: Rule | None = None
    tried: Tried | None = None
    token: str | None = None
    said: str = ""
    field: str = ""
    asks: bool = False
    fresh: bool = False
    known: Mapping[str, Sequence[str]] = {}


def layout(view: RulesView, href: Href, t: Translator) -> Component:
    """Return the page."""
    on = sum(row.rule.on for row in view.rows)
    lead = t("{count} rules, {on} of them switched on", count=t.number(len(view.rows)),
             on=t.number(on))  # fmt: skip
    quality = link(t("Quality of exceptions"), href("/exceptions/quality"), "mp-small-button")
    new = link(t("New rule"), href("/rules", new="1"), "mp-small-button")
    actions = html.Div([quality, *([new] if view.token else [])], className="mp-x-rules-ways")
    open_ = [_ask(view, href, t)] if view.asks else [_open(view, href, t)] if view.chosen else []
    body = html.Div(
        [desk.page_head(t(TITLE), lead, actions), *_note(view, t), *open_, _list(view, href, t)],
        className="mp-x-page mp-x-rules",
    )
    return still(body, ids.Exceptions.RULES)


def _note(view: RulesView, t: Translator) -> list[Component]:
    if not view.said:
        return []
    wrong = view.said in ("wrong", "moved", "untried")
    field = t(FIELDS[view.field]) if view.field in FIELDS else view.field
    should = expected(view.field, view.edited, view.known, t) if view.edited else ""
    words = t(SAID[view.said], field=field, expected=should or t("something else"))
    css = "mp-x-note mp-x-note-wrong" if wrong else "mp-x-note"
    return [html.P(words, className=css, role="alert" if wrong else "status")]


def _list(view: RulesView, href: Href, t: Translator) -> Component:
    columns = [
        desk.TableColumn(key="rule", heading=t("Rule")),
        desk.TableColumn(key="on", heading=t("State")),
        desk.TableColumn(key="severity", heading=t("Severity"), css="mp-wide"),
        desk.TableColumn(key="owner", heading=t("Whose it is"), css="mp-wide"),
        desk.TableColumn(key="limits", heading=t("When"), css="mp-wide"),
        desk.TableColumn(key="fired", heading=t("Came up"), css="mp-num"),
        desk.TableColumn(key="acted", heading=t("Acted on"), css="mp-num"),
        desk.TableColumn(key="useful", heading=t("Useful / noise"), css="mp-num mp-wide"),
    ]
    rows = [_row(row, href, t) for row in view.rows]
    aside = t("counted over {days} days", days=t.number(view.lately))
    return desk.section(
        t("All rules"), desk.table(columns, rows, t(TITLE), opens="rule", named="rule"), aside
    )


def _row(row: RuleRow, href: Href, t: Translator) -> desk.TableRow:
    rule, answers, marks = row.rule, row.answers, row.precision
    words = t("made here") if row.own else t("changed here")
    changed = [html.Span(words, className="mp-x-tag")] if row.own or row.differs else []
    state = t("on") if rule.on else html.Span(t("off"), className="mp-mute")
    quiet = html.Span(NONE, className="mp-mute")
    return desk.TableRow(
        key=rule.id,
        href=href("/rules", rule=rule.id),
        cells={
            "rule": row.name,
            "on": html.Span([state, " ", *changed]),
            "severity": html.Span(t(looks.SEVERITIES[rule.severity])),
            "owner": t(looks.ROLES.get(rule.owner, rule.owner)),
            "limits": html.Span(limits(rule, t), className="mp-mute"),
            "fired": t.number(answers.raised) if answers else quiet,
            "acted": t.number(answers.acknowledged.count) if answers else quiet,
            "useful": f"{t.number(marks.useful)} / {t.number(marks.noise)}" if marks else quiet,
        },
    )


def limits(rule: Rule, t: Translator) -> str:
    """Return by how much a rule lets things go before it says something."""
    asked = SETTINGS[rule.condition]
    said = [condition(rule.condition, t)]
    if "limit" in asked:
        said.append(_number(rule.limit, t))
    if "limit_s" in asked and rule.limit_s:
        said.append(t.duration(rule.limit_s))
    return " · ".join(said)


def _number(value: float, t: Translator) -> str:
    return f"{t.percent(value)} %" if 0 < value < 1 else t.number(value)


def _open(view: RulesView, href: Href, t: Translator) -> Component:
    row, rule = view.chosen, view.edited
    if row is None or rule is None:
        return html.Div()
    shown = RuleForm(
        rule=rule, site=view.site, version=row.version, fresh=view.fresh,
        own=row.own, differs=row.differs, known=view.known,
        days=view.tried.days if view.tried else "7", token=view.token,
    )  # fmt: skip
    lead = t("Try it against what is recorded, then make it.") if view.fresh else ""
    words = " · ".join(part for part in (limits(row.rule, t), lead) if part)
    body: list[Any] = [html.P(words, className="mp-mute"), form(shown, t)]
    if view.tried:
        body.append(_trial(view.tried, view, t))
    title = t("New rule") if view.fresh else row.name
    return desk.section(title, body, _close(href, t), "mp-x-rule")


def _ask(view: RulesView, href: Href, t: Translator) -> Component:
    """Return what is to be looked for; what else is asked follows from that."""
    options = [(one.value, condition(one.value, t)) for one in Condition]
    items = [Element("option", {"value": value}, words) for value, words in options]
    select = Element("select", {"name": "new", "class": "mp-x-input"}, items)
    fields = [
        Element("input", {"type": "hidden", "name": "site", "value": view.site}),
        Element(
            "label", {"class": "mp-x-field"}, [html.Span(t("When it is to say something")), select]
        ),
        Element("button", {"type": "submit", "class": "mp-x-do mp-x-first"}, t("Continue")),
    ]
    own = html.Form(fields, action="/rules", method="get", className="mp-x-rule-ask")
    return desk.section(t("New rule"), [own], _close(href, t), "mp-x-rule")


def _close(href: Href, t: Translator) -> Component:
    return link("×", href("/rules"), "mp-x-close", label=t("Close"))


def _trial(tried: Tried, view: RulesView, t: Translator) -> Component:
    """Return what would have come of it: how often, on which days, of what."""
    since = t.stamp(tried.since, view.timezone, view.now)
    told = {"fired": t.number(tried.fired), "acted": t.number(tried.acted)}
    words = t("Would have come up {fired} times, {acted} of them acted on.", **told)
    lead = t("since {when}; of {subjects} things; {standing} hold now", when=since,
             subjects=t.number(tried.subjects), standing=t.number(tried.standing))  # fmt: skip
    most = max((count for _, count in tried.by_day), default=0)
    days = [
        desk.Bar(words=day, value=t.number(count), share=count / most if most else 0.0)
        for day, count in tried.by_day
    ]
    firings = [
        html.Li(
            [
                html.Span(t.stamp(at, view.timezone, view.now), className="mp-mute"),
                html.Span(subject),
                desk.standing(Standing.DONE, t, t("acted on")) if acted else html.Span(),
            ]
        )
        for at, subject, acted in tried.firings
    ]
    parts: list[Any] = [html.H3(words), html.P(lead, className="mp-mute")]
    parts += [desk.bars(days, t("How often on each day"))] if days else []
    parts += [html.Ol(firings, className="mp-x-firings")] if firings else []
    return html.Div(parts, className="mp-x-trial", id="rule-trial")


def sheet(view: RulesView, t: Translator) -> Sheet:
    """Return the rules with what came of them, as a table."""
    columns = (
        Column(key="id", heading=t("Rule")),
        Column(key="name", heading=t("Name")),
        Column(key="condition", heading=t("When")),
        Column(key="on", heading=t("State")),
        Column(key="severity", heading=t("Severity")),
        Column(key="owner", heading=t("Whose it is")),
        Column(key="limit_s", heading=t("Allowed time"), kind="seconds"),
        Column(key="limit", heading=t("Limit"), kind="number"),
        Column(key="fired", heading=t("Came up"), kind="number"),
        Column(key="acted", heading=t("Acted on"), kind="number"),
        Column(key="useful", heading=t("Useful"), kind="number"),
        Column(key="noise", heading=t("Noise"), kind="number"),
    )
    rows: list[Mapping[str, Value]] = [
        {
            "id": row.rule.id, "name": row.name, "condition": condition(row.rule.condition, t),
            "on": t("on") if row.rule.on else t("off"), "limit_s": row.rule.limit_s,
            "severity": t(looks.SEVERITIES[row.rule.severity]), "limit": row.rule.limit,
            "owner": t(looks.ROLES.get(row.rule.owner, row.rule.owner)),
            "fired": row.answers.raised if row.answers else 0,
            "acted": row.answers.acknowledged.count if row.answers else 0,
            "useful": row.precision.useful if row.precision else 0,
            "noise": row.precision.noise if row.precision else 0,
        }
        for row in view.rows
    ]  # fmt: skip
    return Sheet(name=t(TITLE), columns=columns, rows=rows)
