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
from data.domain.exceptions.records import Severity
from data.domain.exceptions.rule_rules import INFORMED, MAX_LEVELS, OWNERS, SETTINGS
from data.domain.exceptions.rules import Rule
from data.domain.view import Standing
from layouts import ids
from layouts.components import desk
from layouts.components import exception_looks as looks
from layouts.components.exception_words import condition
from layouts.components.links import link
from layouts.components.still import Element, still
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid
from layouts.urls import segment

TITLE = msgid("Rules")
SAVE, RESET = "/rules/save", "/rules/reset"
DAYS = {"1": msgid("the last day"), "7": msgid("the last 7 days"), "31": msgid("the last 31 days")}
# What a field is called, by its name in the form; units stand in the words.
INFORMS, ESCALATION = msgid("Who else may know"), msgid("Escalation")
FIELDS = {
    "on": msgid("Switched on"),
    "severity": msgid("Severity"),
    "owner": msgid("Whose it is"),
    "limit_s": msgid("Allowed time, minutes"),
    "below_s": msgid("Normal again below, minutes"),
    "limit": msgid("Limit"),
    "below": msgid("Normal again below"),
    "least": msgid("Counted from, pieces"),
    "expires_min": msgid("Closed by itself after, minutes back to normal"),
    "by_cause": msgid("Grouped under its cause"),
    "informs": INFORMS,
    "levels": ESCALATION,
}
SAID = {
    "saved": msgid("The rule was changed. It holds within a few seconds."),
    "reset": msgid("The rule is again what it usually is."),
    "wrong": msgid("That can't be: {field}. Nothing was changed."),
    "moved": msgid("Someone else changed this rule meanwhile. Look again."),
    "untried": msgid("Nothing is recorded of what this rule looks at, so it can't be tried."),
}
LEVELS = 3  # steps of an escalation that the form offers, unless there are more

Href = Callable[..., str]


class RuleRow(Struct, frozen=True, kw_only=True):
    """One rule with what came of it lately. None: nothing came up, nobody said anything."""

    rule: Rule
    name: str
    version: int = 0
    differs: bool = False
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
    can't be. `lately`: over how many days rules were counted.
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


def layout(view: RulesView, href: Href, t: Translator) -> Component:
    """Return the page."""
    on = sum(row.rule.on for row in view.rows)
    lead = t("{count} rules, {on} of them switched on", count=t.number(len(view.rows)),
             on=t.number(on))  # fmt: skip
    quality = link(t("Quality of exceptions"), href("/exceptions/quality"), "mp-small-button")
    open_ = [_open(view, href, t)] if view.chosen else []
    body = html.Div(
        [desk.page_head(t(TITLE), lead, quality), *_note(view, t), *open_, _list(view, href, t)],
        className="mp-x-page mp-x-rules",
    )
    return still(body, ids.Exceptions.RULES)


def _note(view: RulesView, t: Translator) -> list[Component]:
    if not view.said:
        return []
    wrong = view.said in ("wrong", "moved", "untried")
    field = t(FIELDS[view.field]) if view.field in FIELDS else view.field
    words = t(SAID[view.said], field=field)
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
    changed = [html.Span(t("changed here"), className="mp-x-tag")] if row.differs else []
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
    close = link("×", href("/rules"), "mp-x-close", label=t("Close"))
    body: list[Any] = [html.P(limits(row.rule, t), className="mp-mute")]
    body.append(_form(view, row, rule, t))
    if view.tried:
        body.append(_trial(view.tried, view, t))
    return desk.section(row.name, body, close, "mp-x-rule")


def _form(view: RulesView, row: RuleRow, rule: Rule, t: Translator) -> Component:
    hidden = {"rule": rule.id, "was": str(row.version), "site": view.site, "form": "1"}
    kept = [
        Element("input", {"type": "hidden", "name": name, "value": value})
        for name, value in hidden.items()
    ]
    may = view.token is not None
    severities = [(one.value, t(looks.SEVERITIES[one])) for one in Severity]
    fields = [
        _check("on", rule.on, t),
        _choice("severity", severities, rule.severity, t),
        _choice("owner", [(one.value, t(looks.ROLES[one])) for one in OWNERS], rule.owner, t),
        *_numbers(rule, t),
        _check("by_cause", rule.by_cause, t),
    ]
    grid = html.Div(fields, className="mp-x-rule-fields")
    return html.Form(
        [*kept, grid, _levels(rule, t), _informs(rule, t), _buttons(view, row, may, t)],
        id=f"rule-form-{segment(rule.id)}", action=SAVE, method="post",
        className="mp-x-rule-form",
    )  # fmt: skip


def _numbers(rule: Rule, t: Translator) -> list[Element]:
    given = {
        "limit_s": rule.limit_s / 60, "below_s": rule.below_s / 60, "limit": rule.limit,
        "below": rule.below, "least": float(rule.least),
    }  # fmt: skip
    asked = [name for name in SETTINGS[rule.condition] if name in given]
    fields = [_input(name, given[name], t) for name in asked]
    return [*fields, _input("expires_min", rule.expires_min, t)]


def _input(name: str, value: float, t: Translator) -> Element:
    field = Element(
        "input",
        {"type": "number", "name": name, "value": f"{value:g}", "step": "any",
         "class": "mp-x-input"},
    )  # fmt: skip
    return Element("label", {"class": "mp-x-field"}, [html.Span(t(FIELDS[name])), field])


def _choice(
    name: str, options: Sequence[tuple[str, str]], chosen: str, t: Translator, label: str = ""
) -> Element:
    items = [
        Element("option", {"value": value, "selected": value == chosen}, words)
        for value, words in options
    ]
    words = label or t(FIELDS[name])
    select = Element("select", {"name": name, "class": "mp-x-input"}, items)
    return Element("label", {"class": "mp-x-field"}, [html.Span(words), select])


def _check(name: str, on: bool, t: Translator) -> Element:
    box = Element(
        "input", {"type": "checkbox", "name": name, "value": "1", "checked": on,
                  "class": "mp-x-check"},
    )  # fmt: skip
    return Element("label", {"class": "mp-x-tick"}, [box, html.Span(t(FIELDS[name]))])


def _levels(rule: Rule, t: Translator) -> Component:
    """Return after how many working minutes without acknowledgement who is told."""
    rows = []
    roles = [("", t("nobody")), *((one.value, t(looks.ROLES[one])) for one in OWNERS)]
    for number in range(min(MAX_LEVELS, max(LEVELS, len(rule.levels) + 1))):
        level = rule.levels[number] if number < len(rule.levels) else None
        after = Element(
            "input",
            {"type": "number", "name": f"after_{number}", "min": "1", "class": "mp-x-input",
             "value": f"{level.after_min:g}" if level else "", "step": "any"},
        )  # fmt: skip
        words = t("Working minutes, level {level}", level=t.number(number + 1))
        rows.append(Element("label", {"class": "mp-x-field"}, [html.Span(words), after]))
        rows.append(
            _choice(f"role_{number}", roles, level.role if level else "", t, t("Who is told then"))
        )
    return _group(t(ESCALATION), rows, "mp-x-rule-levels")


def _informs(rule: Rule, t: Translator) -> Component:
    boxes = [
        Element(
            "label", {"class": "mp-x-tick"},
            [
                Element("input", {"type": "checkbox", "name": f"informs_{role}", "value": "1",
                                  "checked": role in rule.informs, "class": "mp-x-check"}),
                html.Span(t(looks.ROLES[role])),
            ],
        )
        for role in INFORMED
    ]  # fmt: skip
    return _group(t(INFORMS), boxes, "mp-x-rule-informs")


def _group(words: str, fields: Sequence[Any], css: str) -> Component:
    return html.Fieldset([html.Legend(words), html.Div(list(fields), className=css)])


def _buttons(view: RulesView, row: RuleRow, may: bool, t: Translator) -> Component:
    """Return what can be done; the proof that a form is ours goes with what changes something."""
    days = Element(
        "select", {"name": "try", "class": "mp-x-input", "aria-label": t("Over which time")},
        [
            Element("option", {"value": value, "selected": value == (
                view.tried.days if view.tried else "7")}, t(words))
            for value, words in DAYS.items()
        ],
    )  # fmt: skip
    trying = Element(
        "button",
        {"type": "submit", "formmethod": "get", "formaction": "/rules", "class": "mp-x-do"},
        t("Try against"),
    )
    own = {"name": "csrf_token", "value": view.token}
    save = Element("button", {"type": "submit", "class": "mp-x-do mp-x-first", **own}, t("Save"))
    reset = Element(
        "button", {"type": "submit", "formaction": RESET, "class": "mp-x-do", **own},
        t("Back to the usual"),
    )  # fmt: skip
    acts: list[Any] = [trying, days]
    if may:
        acts += [save, *([reset] if row.differs else [])]
    return html.Div(acts, className="mp-x-actions")


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
