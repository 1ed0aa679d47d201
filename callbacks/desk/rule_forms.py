"""A rule as somebody typed it, in a form or an address. Imported by `callbacks.desk.rules`.

What is wrong is said by the name of its field in the form, so that the page can say what was
expected there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from data.domain.events import WorkUnitState
from data.domain.exceptions.records import Severity
from data.domain.exceptions.rule_rules import (
    APPLIES,
    INFORMED,
    MAX_LEVELS,
    MAX_NAME,
    OWNERS,
    SETTINGS,
    flaws,
)
from data.domain.exceptions.rules import Condition, Level, Rule, RuleError
from data.domain.scope import Role
from data.domain.site import PartyKind, Site
from data.services.rules import usual_rules

_MINUTES = ("limit_s", "below_s")
_MOST_NAMES = 50


def fresh(condition: Condition) -> Rule:
    """Return what a new rule begins with: the limits of the usual one, for everything."""
    usual = next(rule for rule in usual_rules() if rule.condition is condition)
    return replace(usual, id="", name={}, applies={}, ways=(), below=0.0, on=True)


def edited(rule: Rule, given: Mapping[str, str], locale: str = "en", own: bool = False) -> Rule:
    """Return a rule as a form has it; what a link leaves out stays as it is.

    `own`: its name is asked for too.
    Raises: RuleError with the name of a field that is no number or no choice.
    """
    whole = given.get("form") == "1"  # then a box that isn't there was cleared
    numbers = [name for name in SETTINGS[rule.condition] if name != "states"]
    changes: dict[str, Any] = {
        name: _value(given, name, getattr(rule, name)) for name in (*numbers, "expires_min")
    }
    if whole:
        changes |= _boxes(rule, given)
        changes |= {"name": _named(rule, given, locale)} if own else {}
    severity = Severity(_among(given, "severity", Severity, rule.severity))
    owner = Role(_among(given, "owner", OWNERS, rule.owner))
    return replace(rule, **changes, severity=severity, owner=owner)


def wrong_field(rule: Rule, site: Site, own: bool) -> str:
    """Return the first field, by its name in the form, that can't be; empty: all is well."""
    if own and not rule.name:
        return "name"
    for field, _ in flaws(replace(rule, id=rule.id or "new")):
        return field.replace("applies.", "applies_").partition("[")[0].partition(".")[0]
    return next(_unknown(rule, site), "")


def names_of(site: Site) -> dict[str, list[str]]:
    """Return the names of a site by which a rule can be narrowed down, by field."""
    return {
        "area": [one.id for one in site.areas],
        "work_center": [one.id for one in site.work_centers],
        "work_unit": [one.id for one in site.work_units],
        "customer": [one.id for one in site.parties if one.kind is PartyKind.CUSTOMER],
        "supplier": [one.id for one in site.parties if one.kind is PartyKind.SUPPLIER],
    }


def typed(given: Mapping[str, str], longest: int) -> dict[str, str]:
    """Return what of a form an address may say, to show it as it was typed."""
    kept = {name: value.strip()[:longest] for name, value in given.items()}
    return {name: v for name, v in kept.items() if v and name not in ("csrf_token", "was", "try")}


def _boxes(rule: Rule, given: Mapping[str, str]) -> dict[str, Any]:
    """Return what is left out of a form when it is cleared."""
    found: dict[str, Any] = {
        "on": given.get("on") == "1", "by_cause": given.get("by_cause") == "1",
        "levels": _levels(rule, given), "applies": _applies(rule, given),
        "informs": tuple(role for role in INFORMED if given.get(f"informs_{role}") == "1"),
    }  # fmt: skip
    if "states" in SETTINGS[rule.condition]:
        states = (one.value for one in WorkUnitState)
        found["states"] = tuple(one for one in states if given.get(f"state_{one}") == "1")
    return found


def _named(rule: Rule, given: Mapping[str, str], locale: str) -> dict[str, str]:
    """Return a rule's names with the one that was typed; whoever reads others has one at least."""
    name = given.get("name", "").strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise RuleError("name")
    return {"en": name, **rule.name, locale: name}


def _applies(rule: Rule, given: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found = {field: _names(given.get(f"applies_{field}", "")) for field in APPLIES[rule.condition]}
    return {field: names for field, names in found.items() if names}


def _names(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in text.replace("，", ",").replace("、", ",").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))[:_MOST_NAMES]


def _unknown(rule: Rule, site: Site) -> Iterator[str]:
    """Yield the fields that name what the site doesn't have: such a rule would never hold."""
    known = names_of(site)
    for field, names in rule.applies.items():
        if field in known and not set(names) <= set(known[field]):
            yield f"applies_{field}"


def _value(form: Mapping[str, str], name: str, before: float) -> float | int:
    text = form.get(name, "").strip()
    if not text:
        return before
    try:
        value = float(text[:20])
    except ValueError:
        raise RuleError(name) from None
    if name == "least":
        return _whole(value)
    return value * 60 if name in _MINUTES else value


def _whole(value: float) -> int:
    try:
        return int(value)
    except (ValueError, OverflowError):
        raise RuleError("least") from None


def _among(form: Mapping[str, str], name: str, among: Any, before: str) -> str:
    value = form.get(name, before)
    if value not in {str(one) for one in among}:
        raise RuleError(name)
    return value


def _levels(rule: Rule, form: Mapping[str, str]) -> tuple[Level, ...]:
    """Return the steps of an escalation; the ways of those that stay are kept."""
    levels: list[Level] = []
    for number in range(MAX_LEVELS):
        role, after = form.get(f"role_{number}", ""), form.get(f"after_{number}", "").strip()
        if not role or not after:
            continue
        known = rule.levels[number].ways if number < len(rule.levels) else ()
        levels.append(Level(after_min=_minutes(after), role=_role(role), ways=known))
    return tuple(levels)


def _minutes(text: str) -> float:
    try:
        return float(text[:20])
    except ValueError:
        raise RuleError("levels") from None


def _role(name: str) -> Role:
    if name not in OWNERS:
        raise RuleError("levels")
    return Role(name)
