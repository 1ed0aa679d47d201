"""The form of one rule, new or known. Pure; used by `layouts.pages.rules`.

Fields are named as in the rule; those that narrow it down and its states begin with a word of
their own (`applies_`, `state_`), so that an address can hold a whole form.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.events import WorkUnitState
from data.domain.exceptions.records import Severity
from data.domain.exceptions.rule_rules import APPLIES, INFORMED, MAX_LEVELS, OWNERS, SETTINGS
from data.domain.exceptions.rules import Condition, Rule
from layouts.components import exception_looks as looks
from layouts.components.evidence import STATES
from layouts.components.still import Element
from layouts.text import Translator, msgid
from layouts.urls import segment

SAVE, RESET, ADD, RETIRE = "/rules/save", "/rules/reset", "/rules/add", "/rules/retire"
DAYS = {"1": msgid("the last day"), "7": msgid("the last 7 days"), "31": msgid("the last 31 days")}
# What a field is called, by its name in the form; units stand in the words.
NAME, STATE = msgid("Name of the rule"), msgid("In one of these states")
INFORMS, ESCALATION = msgid("Who else may know"), msgid("Escalation")
FIELDS = {
    "name": NAME,
    "on": msgid("Switched on"),
    "severity": msgid("Severity"),
    "owner": msgid("Whose it is"),
    "states": STATE,
    "limit_s": msgid("Allowed time, minutes"),
    "below_s": msgid("Normal again below, minutes"),
    "limit": msgid("Limit"),
    "below": msgid("Normal again below"),
    "least": msgid("Counted from, pieces"),
    "expires_min": msgid("Closed by itself after, minutes back to normal"),
    "by_cause": msgid("Grouped under its cause"),
    "informs": INFORMS,
    "levels": ESCALATION,
    "applies_area": msgid("Lines"),
    "applies_work_center": msgid("Work centers"),
    "applies_work_unit": msgid("Work units"),
    "applies_product": msgid("Products"),
    "applies_customer": msgid("Customers"),
    "applies_supplier": msgid("Suppliers"),
    "applies_critical": msgid("Critical operations"),
}
_ALWAYS = {
    "name": msgid("1 to 80 characters"),
    "severity": msgid("one of the list"),
    "owner": msgid("one of the list"),
    "states": msgid("at least one state"),
    "limit_s": msgid("minutes, from 0 to 86,400 (60 days)"),
    "below_s": msgid("minutes, no more than the allowed time"),
    "limit": msgid("a number of at least 0"),
    "below": msgid("from 0 up to the limit"),
    "least": msgid("at least one piece"),
    "expires_min": msgid("minutes, more than 0 and at most 86,400 (60 days)"),
    "informs": msgid("roles of the list"),
    "levels": msgid("at each level more minutes than at the one before, and somebody"),
}
_OF_SCRAP = {
    "limit": msgid("a share below 1, such as 0.05"),
    "limit_s": msgid("whole quarters of an hour in minutes, at most 1,440 (a day)"),
}
_LEVELS = 3  # steps of an escalation that the form offers, unless there are more
_LISTED = 30  # names that the browser offers while one types


class RuleForm(Struct, frozen=True, kw_only=True):
    """One rule as its form shows it.

    `fresh`: it isn't kept yet. `own`: no usual rule stands behind it. `known`: names of the site
    by which it can be narrowed down, by field. `token`: None for those who may only look.
    """

    rule: Rule
    site: str
    version: int
    fresh: bool
    own: bool
    differs: bool
    known: Mapping[str, Sequence[str]]
    days: str
    token: str | None


def expected(field: str, rule: Rule, known: Mapping[str, Sequence[str]], t: Translator) -> str:
    """Return what a field must say that says something else; empty for one that nobody knows."""
    if field.startswith("applies_"):
        names = list(known.get(field.removeprefix("applies_"), ()))[:_LISTED]
        return t("names of the site: {names}", names=", ".join(names))
    of_scrap = rule.condition is Condition.SCRAP and field in _OF_SCRAP
    words = _OF_SCRAP[field] if of_scrap else _ALWAYS.get(field)
    return t(words) if words else ""


def form(shown: RuleForm, t: Translator) -> Component:
    """Return the form of a rule."""
    rule = shown.rule
    severities = [(one.value, t(looks.SEVERITIES[one])) for one in Severity]
    fields = [
        *([_name(rule, t)] if shown.own else []),
        _check("on", rule.on, t),
        _choice("severity", severities, rule.severity, t),
        _choice("owner", [(one.value, t(looks.ROLES[one])) for one in OWNERS], rule.owner, t),
        *_numbers(rule, t),
        _check("by_cause", rule.by_cause, t),
    ]
    grid = html.Div(fields, className="mp-x-rule-fields")
    parts = [*_hidden(shown), grid, _states(rule, t), _applies(shown, t), _levels(rule, t)]
    return html.Form(
        [*parts, _informs(rule, t), _buttons(shown, t)],
        id=f"rule-form-{segment(rule.id) or 'new'}", action=ADD if shown.fresh else SAVE,
        method="post", className="mp-x-rule-form",
    )  # fmt: skip


def _hidden(shown: RuleForm) -> list[Element]:
    told = {"site": shown.site, "form": "1"}
    if shown.fresh:
        told["new"] = shown.rule.condition.value
    else:
        told |= {"rule": shown.rule.id, "was": str(shown.version)}
    return [
        Element("input", {"type": "hidden", "name": name, "value": value})
        for name, value in told.items()
    ]


def _name(rule: Rule, t: Translator) -> Element:
    value = rule.name.get(t.locale) or rule.name.get("en", "")
    return _text("name", value, t(NAME), maxlength=80, required=True)


def _numbers(rule: Rule, t: Translator) -> list[Element]:
    given = {
        "limit_s": rule.limit_s / 60, "below_s": rule.below_s / 60, "limit": rule.limit,
        "below": rule.below, "least": float(rule.least),
    }  # fmt: skip
    asked = [name for name in SETTINGS[rule.condition] if name in given]
    fields = [_number(name, given[name], t) for name in asked]
    return [*fields, _number("expires_min", rule.expires_min, t)]


def _number(name: str, value: float, t: Translator) -> Element:
    return _text(name, f"{value:g}", t(FIELDS[name]), type="number", step="any")


def _text(
    name: str, value: str, words: str, type: str = "text", beside: Element | None = None,
    **more: Any,
) -> Element:  # fmt: skip
    given = {"type": type, "name": name, "value": value, "class": "mp-x-input", **more}
    parts = [html.Span(words), Element("input", given), *([beside] if beside else [])]
    return Element("label", {"class": "mp-x-field"}, parts)


def _choice(
    name: str, options: Sequence[tuple[str, str]], chosen: str, t: Translator, label: str = ""
) -> Element:
    items = [
        Element("option", {"value": value, "selected": value == chosen}, words)
        for value, words in options
    ]
    select = Element("select", {"name": name, "class": "mp-x-input"}, items)
    words = label or t(FIELDS[name])
    return Element("label", {"class": "mp-x-field"}, [html.Span(words), select])


def _check(name: str, on: bool, t: Translator, words: str = "") -> Element:
    words = words or t(FIELDS[name])
    given = {"type": "checkbox", "name": name, "value": "1", "checked": on, "class": "mp-x-check"}
    return Element("label", {"class": "mp-x-tick"}, [Element("input", given), html.Span(words)])


def _states(rule: Rule, t: Translator) -> Component:
    """Return in which states of a work unit it holds; nothing for what looks at no states."""
    if "states" not in SETTINGS[rule.condition]:
        return html.Div(hidden=True)
    boxes = [
        _check(f"state_{one.value}", one.value in rule.states, t, t(STATES[one]))
        for one in WorkUnitState
    ]
    return _group(t(STATE), boxes, "mp-x-rule-informs")


def _applies(shown: RuleForm, t: Translator) -> Component:
    """Return to what alone it applies; nothing for what can't be narrowed down."""
    asked = APPLIES[shown.rule.condition]
    if not asked:
        return html.Div(hidden=True)
    fields = [_narrowed(field, shown, t) for field in asked]
    words = t("Only for; empty: for all. Several names with commas between")
    return _group(words, fields, "mp-x-rule-fields")


def _narrowed(field: str, shown: RuleForm, t: Translator) -> Element:
    name, names = f"applies_{field}", shown.rule.applies.get(field, ())
    if field == "critical":
        options = [("", t("all")), ("true", t("only critical")), ("false", t("only others"))]
        return _choice(name, options, names[0] if len(names) == 1 else "", t)
    known, listed = shown.known.get(field, ()), f"rule-known-{field}"
    words = ", ".join(known[:3]) + (" …" if len(known) > 3 else "")
    options = [Element("option", {"value": one}) for one in known[:_LISTED]]
    offered = Element("datalist", {"id": listed}, options)
    label, value = t(FIELDS[name]), ", ".join(names)
    return _text(name, value, label, beside=offered, placeholder=words, list=listed)


def _levels(rule: Rule, t: Translator) -> Component:
    """Return after how many working minutes without acknowledgement who is told."""
    rows = []
    roles = [("", t("nobody")), *((one.value, t(looks.ROLES[one])) for one in OWNERS)]
    for number in range(min(MAX_LEVELS, max(_LEVELS, len(rule.levels) + 1))):
        level = rule.levels[number] if number < len(rule.levels) else None
        words = t("Working minutes, level {level}", level=t.number(number + 1))
        value = f"{level.after_min:g}" if level else ""
        rows.append(_text(f"after_{number}", value, words, type="number", min="1", step="any"))
        rows.append(
            _choice(f"role_{number}", roles, level.role if level else "", t, t("Who is told then"))
        )
    return _group(t(ESCALATION), rows, "mp-x-rule-levels")


def _informs(rule: Rule, t: Translator) -> Component:
    boxes = [_check(f"informs_{role}", role in rule.informs, t, t(looks.ROLES[role]))
             for role in INFORMED]  # fmt: skip
    return _group(t(INFORMS), boxes, "mp-x-rule-informs")


def _group(words: str, fields: Sequence[Any], css: str) -> Component:
    return html.Fieldset([html.Legend(words), html.Div(list(fields), className=css)])


def _buttons(shown: RuleForm, t: Translator) -> Component:
    """Return what can be done; the proof that a form is ours goes with what changes something."""
    options = [
        Element("option", {"value": value, "selected": value == shown.days}, t(words))
        for value, words in DAYS.items()
    ]
    chosen = {"name": "try", "class": "mp-x-input", "aria-label": t("Over which time")}
    trying = {"type": "submit", "formmethod": "get", "formaction": "/rules", "class": "mp-x-do"}
    acts: list[Any] = [
        Element("button", trying, t("Try against")),
        Element("select", chosen, options),
    ]
    return html.Div([*acts, *_changes(shown, t)], className="mp-x-actions")


def _changes(shown: RuleForm, t: Translator) -> list[Element | Component]:
    if shown.token is None:
        return []
    own = {"type": "submit", "name": "csrf_token", "value": shown.token, "class": "mp-x-do"}
    words = t("Make this rule") if shown.fresh else t("Save")
    first = Element("button", {**own, "class": "mp-x-do mp-x-first"}, words)
    if shown.fresh:
        return [first]
    if shown.own:
        return [first, _retire(own, t)]
    back = Element("button", {**own, "formaction": RESET}, t("Back to the usual"))
    return [first, *([back] if shown.differs else [])]


def _retire(own: Mapping[str, Any], t: Translator) -> Component:
    """Return how a rule is retired, asked for twice."""
    words = t("What it raised goes back to normal; all of it stays on record.")
    sure = Element("button", {**own, "formaction": RETIRE}, t("Retire it for good"))
    return html.Details(
        [
            html.Summary(t("Retire this rule"), className="mp-x-do"),
            html.Div([html.P(words), sure], className="mp-x-rule-sure"),
        ],
        className="mp-x-rule-retire",
    )
