"""What a rule must be before it may be judged by, and how a site's own ones stand over the usual.

Pure. Imported by the rules' service and its page. Whatever is wrong is named by rule and field.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Any

import msgspec

from data.domain.events import WorkUnitState
from data.domain.exceptions.rules import Condition, Rule, RuleError
from data.domain.scope import Role

Found = tuple[str, str]  # (field, what was expected)

LOCALES = ("en", "zh-Hant", "zh-Hans")
MAX_NAME, MAX_LEVELS, MAX_RULES = 80, 6, 200
DAY_S, LONGEST_S = 86_400.0, 60 * 86_400.0
QUARTER_S = 900.0
OWNERS = (Role.OPERATOR, Role.PLANNER, Role.PURCHASER, Role.MANAGER, Role.ADMINISTRATOR)
INFORMED = (*OWNERS, Role.AUDITOR, Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS)
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_OF_OPERATIONS = (
    "area", "work_center", "work_unit", "product", "customer", "supplier", "critical",
)  # fmt: skip
_OF_NEEDS = ("area", "work_center", "product", "customer", "supplier", "critical")
_OF_UNITS = ("area", "work_center", "work_unit")

# The fields by which a rule of a condition may be narrowed down.
APPLIES: Mapping[Condition, tuple[str, ...]] = MappingProxyType(
    {
        Condition.NOT_STARTED: _OF_OPERATIONS,
        Condition.NOT_FINISHED: _OF_OPERATIONS,
        Condition.PAST_DUE: ("area", "product", "customer"),
        Condition.MILESTONE_AT_RISK: ("area", "work_center", "product", "customer", "critical"),
        Condition.UNIT_STATE: _OF_UNITS,
        Condition.NO_SIGNAL: _OF_UNITS,
        Condition.QUEUE: ("area", "work_center"),
        Condition.SCRAP: _OF_UNITS,
        Condition.NOT_PROMISED: _OF_NEEDS,
        Condition.NOT_SHIPPED: _OF_NEEDS,
        Condition.NOT_RECEIVED: _OF_NEEDS,
        Condition.PROMISED_LATE: _OF_NEEDS,
        Condition.BOTTLENECK_MOVED: ("area",),
        Condition.SCREEN_DARK: ("area",),
        Condition.READER_LAG: (),
        Condition.QUARANTINE: (),
        Condition.LOG_GAP: (),
        Condition.WAY_SHUT: (),
    }
)

# What a rule of a condition is set by, in the order in which it is asked for.
SETTINGS: Mapping[Condition, tuple[str, ...]] = MappingProxyType(
    {
        Condition.NOT_STARTED: ("limit_s",),
        Condition.NOT_FINISHED: ("limit_s",),
        Condition.PAST_DUE: ("limit_s", "below_s"),
        Condition.MILESTONE_AT_RISK: ("limit_s", "below_s"),
        Condition.UNIT_STATE: ("states", "limit_s"),
        Condition.NO_SIGNAL: ("limit_s",),
        Condition.QUEUE: ("limit", "below"),
        Condition.SCRAP: ("limit", "below", "least", "limit_s"),
        Condition.NOT_PROMISED: ("limit_s", "below_s"),
        Condition.NOT_SHIPPED: ("limit_s", "below_s"),
        Condition.NOT_RECEIVED: ("limit_s", "below_s"),
        Condition.PROMISED_LATE: ("limit_s", "below_s"),
        Condition.BOTTLENECK_MOVED: ("limit_s",),
        Condition.SCREEN_DARK: ("limit_s",),
        Condition.READER_LAG: ("limit_s",),
        Condition.QUARANTINE: ("limit", "below", "limit_s"),
        Condition.LOG_GAP: ("limit_s",),
        Condition.WAY_SHUT: ("limit_s",),
    }
)
_BEYOND = (Condition.PAST_DUE, Condition.MILESTONE_AT_RISK, Condition.PROMISED_LATE)
_REAL = (
    Condition.NO_SIGNAL, Condition.SCREEN_DARK, Condition.READER_LAG, Condition.QUARANTINE,
    Condition.LOG_GAP, Condition.WAY_SHUT,
)  # fmt: skip
_DEFAULTS: Mapping[str, object] = {
    "limit_s": 0.0, "below_s": 0.0, "limit": 0.0, "below": 0.0, "least": 0, "states": (),
}  # fmt: skip


def parsed(documents: Sequence[object]) -> tuple[Rule, ...]:
    """Return rules from documents, as YAML or JSON give them.

    Raises: RuleError for the first thing that is wrong.
    """
    if not isinstance(documents, list | tuple):
        raise RuleError("rules: expected a list")
    rules = tuple(rule_of(document, place) for place, document in enumerate(documents))
    if len(rules) > MAX_RULES:
        raise RuleError(f"rules: expected at most {MAX_RULES}")
    seen = set[str]()
    for rule in rules:
        if rule.id in seen:
            raise RuleError(f"{rule.id}: id: stands twice")
        seen.add(rule.id)
    return rules


def rule_of(document: object, place: int = 0) -> Rule:
    """Return one rule from its document.

    Raises: RuleError.
    """
    name = document.get("id") if isinstance(document, Mapping) else None
    said = name if isinstance(name, str) else f"rule {place + 1}"
    try:
        rule = msgspec.convert(document, Rule)
    except msgspec.ValidationError as error:
        raise RuleError(f"{said}: {_place(str(error))}") from None
    return checked(rule)


def checked(rule: Rule) -> Rule:
    """Return the rule when nothing is wrong with it.

    Raises: RuleError.
    """
    for field, reason in flaws(rule):
        raise RuleError(f"{rule.id}: {field}: {reason}")
    return rule


def flaws(rule: Rule) -> Iterator[Found]:
    """Yield what is wrong with a rule: the field, and what was expected."""
    if not _ID.fullmatch(rule.id) or len(rule.id) > MAX_NAME:
        yield "id", "expected lower case words joined by hyphens"
    for locale, name in rule.name.items():
        if locale not in LOCALES:
            yield f"name.{locale}", f"expected one of {', '.join(LOCALES)}"
        if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            yield f"name.{locale}", f"expected 1 to {MAX_NAME} printable characters"
    yield from _settings(rule)
    yield from _applies(rule)
    yield from _people(rule)


def merged(
    usual: Iterable[Rule], own: Mapping[str, Mapping[str, Any]], bad: Callable[[str, str], None]
) -> tuple[Rule, ...]:
    """Return the usual rules with a site's own changes over them, and its own rules after them.

    `own`: by id, the fields that differ from the usual rule, or all of a rule of its own. What
    doesn't fit any more, as after another version of the program, is left out: `bad` is told
    of the rule and the reason.
    """
    known = {rule.id: rule for rule in usual}
    for name, document in own.items():
        if not document:
            continue
        base = msgspec.to_builtins(known[name]) if name in known else {}
        try:
            known[name] = rule_of({**base, **document, "id": name})
        except RuleError as error:
            bad(name, str(error))
    return tuple(known.values())


def difference(usual: Rule | None, rule: Rule) -> dict[str, Any]:
    """Return what is to be kept of a site's rule: the fields in which it differs."""
    fields = Rule.__struct_fields__
    base = {} if usual is None else {name: getattr(usual, name) for name in fields}
    own = {name: getattr(rule, name) for name in fields}
    changed = {name: value for name, value in own.items() if base.get(name) != value}
    found: dict[str, Any] = msgspec.to_builtins(changed)
    return found


def _settings(rule: Rule) -> Iterator[Found]:
    used = SETTINGS[rule.condition]
    for field, usual in _DEFAULTS.items():
        value = getattr(rule, field)
        if field not in used and value != usual:
            yield field, f"isn't asked for by {rule.condition}"
        elif isinstance(value, float) and not isfinite(value):
            yield field, "expected a number"
    yield from _times(rule)
    if "limit" in used:
        yield from _numbers(rule)
    if rule.condition is Condition.UNIT_STATE:
        known = {state.value for state in WorkUnitState}
        if not rule.states or not set(rule.states) <= known:
            yield "states", f"expected some of {', '.join(sorted(known))}"
    if not 0 < rule.expires_min <= LONGEST_S / 60:
        yield "expires_min", "expected minutes, more than 0 and at most 60 days"


def _times(rule: Rule) -> Iterator[Found]:
    if not 0 <= rule.limit_s <= LONGEST_S:
        yield "limit_s", "expected seconds from 0 to 60 days"
    elif rule.condition in _REAL and rule.limit_s < 1:
        yield "limit_s", "expected at least a second"
    elif rule.condition is Condition.SCRAP and (
        rule.limit_s > DAY_S or rule.limit_s < QUARTER_S or rule.limit_s % QUARTER_S
    ):
        yield "limit_s", "expected whole quarters of an hour, at most a day"
    if rule.condition in _BEYOND and rule.below_s > rule.limit_s:
        yield "below_s", "expected no more than limit_s"
    elif rule.condition not in _BEYOND and rule.below_s < 0:
        yield "below_s", "expected at least 0 seconds"
    if abs(rule.below_s) > LONGEST_S:
        yield "below_s", "expected at most 60 days"


def _numbers(rule: Rule) -> Iterator[Found]:
    is_ratio = rule.condition is Condition.SCRAP
    if rule.limit < 0 or (is_ratio and rule.limit >= 1):
        yield "limit", "expected a ratio below 1" if is_ratio else "expected at least 0"
    if not 0 <= rule.below <= rule.limit:
        yield "below", "expected from 0 (then limit holds) to limit"
    if is_ratio and rule.least < 1:
        yield "least", "expected at least one piece"


def _applies(rule: Rule) -> Iterator[Found]:
    possible = APPLIES[rule.condition]
    for field, names in rule.applies.items():
        if field not in possible:
            allowed = f"expected one of {', '.join(possible)}" if possible else "expected nothing"
            yield f"applies.{field}", allowed
        elif not names:
            yield f"applies.{field}", "expected at least one name"
        elif field == "critical" and not set(names) <= {"true", "false"}:
            yield "applies.critical", "expected true or false, as text"


def _people(rule: Rule) -> Iterator[Found]:
    if rule.owner not in OWNERS:
        yield "owner", f"expected one of {', '.join(OWNERS)}"
    for place, role in enumerate(rule.informs):
        if role not in INFORMED:
            yield f"informs[{place}]", f"expected one of {', '.join(INFORMED)}"
    if len(rule.levels) > MAX_LEVELS:
        yield "levels", f"expected at most {MAX_LEVELS}"
    before = 0.0
    for place, level in enumerate(rule.levels):
        if not before < level.after_min <= LONGEST_S / 60:
            yield f"levels[{place}].after_min", "expected more minutes than the level before"
        if level.role not in OWNERS:
            yield f"levels[{place}].role", f"expected one of {', '.join(OWNERS)}"
        before = level.after_min


def _place(message: str) -> str:
    """Return a decoder's message with its field in front."""
    reason, found, path = message.partition(" - at `$")
    return f"{path.strip('.`')}: {reason}" if found and path.strip(".`") else reason
