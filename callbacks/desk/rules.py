"""`/rules`: the rules of a site; changing one, and trying it on what is recorded.

What is tried stands in the address. What is changed is a plain form's, checked again from the
session's scope; the trail holds what it was before and is after.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol

from dash import Dash
from dash.development.base_component import Component
from flask import Blueprint, Response, abort, request
from flask_wtf.csrf import generate_csrf
from msgspec.structs import replace
from werkzeug.wrappers import Response as Answer

from callbacks.desk.audit import by_of
from callbacks.desk.exceptions import name_of
from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import Viewer, viewer
from data.domain.exceptions.quality.records import Quality
from data.domain.exceptions.records import Severity
from data.domain.exceptions.rule_rules import INFORMED, MAX_LEVELS, OWNERS, SETTINGS, flaws
from data.domain.exceptions.rules import Level, Rule, RuleError
from data.domain.scope import Role, Scope
from data.services.errors import Forbidden, Unavailable
from data.services.rules import MAY_CHANGE, RuleDesk, RuleMoved, SiteRule
from data.services.trials import NotTried, Trial
from layouts.pages import rules
from layouts.pages.rules import RuleRow, RulesView, Tried
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import address

LATELY_DAYS = 30
LONGEST = 200
_MINUTES = ("limit_s", "below_s")


class Qualities(Protocol):
    """How rules were answered: `data.services.alarm_quality.AlarmQuality`."""

    def today(self, timezone: str) -> date:
        """The day that it really is."""

    def of(self, scope: Scope, site: str, since: date, until: date, timezone: str) -> Quality:
        """All that can be said of a period."""


class RulesPage:
    """The page on rules."""

    name = "rules"
    path = "/rules"
    topics = 0

    def __init__(
        self, service: RuleDesk, qualities: Qualities, who: Callable[[], Viewer] = viewer,
        token: Callable[[], str] = generate_csrf,
    ) -> None:  # fmt: skip
        self._desk = service
        self._qualities = qualities
        self._who = who
        self._token = token

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(rules.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return all rules, and the one that the address names."""
        return rules.layout(self._view(visit), _plain(visit), visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return all rules with what came of them."""
        return (rules.sheet(self._view(visit, tries=False), visit.t),)

    def register(self, app: Dash) -> None:
        """Register where the form goes."""
        routes = Blueprint("rules", __name__)
        routes.post(rules.SAVE)(self.save)
        routes.post(rules.RESET)(self.reset)
        app.server.register_blueprint(routes)

    def save(self) -> Answer:
        """Change a rule as the form says, then show it; or say what can't be."""
        who, given = self._who(), request.form
        shown = self._known(who.scope, _given("site"), _given("rule"))
        try:
            rule = edited(shown.rule, given)
            for field, _ in flaws(rule):
                return _back(said="wrong", field=field.partition("[")[0].partition(".")[0])
            self._desk.change(by_of(self._who), who.scope, _given("site"), rule, _was())
        except RuleError as error:
            return _back(said="wrong", field=str(error))
        except RuleMoved:
            return _back(said="moved")
        except Forbidden:
            abort(404)
        except Unavailable as error:
            return _later(error)
        return _back(said="saved")

    def reset(self) -> Answer:
        """Let a rule be again what it usually is."""
        try:
            self._desk.reset(
                by_of(self._who), self._who().scope, _given("site"), _given("rule"), _was()
            )
        except RuleMoved:
            return _back(said="moved")
        except (Forbidden, LookupError):
            abort(404)
        except Unavailable as error:
            return _later(error)
        return _back(said="reset")

    def _known(self, scope: Scope, site: str, name: str) -> SiteRule:
        try:
            shown = self._desk.shown(scope, site)
        except Forbidden:
            abort(404)
        found = next((one for one in shown if one.rule.id == name), None)
        if found is None or scope.role not in MAY_CHANGE:
            abort(404)
        return found

    def _view(self, visit: Visit, tries: bool = True) -> RulesView:
        if visit.at is not None:
            raise BadParameter("at", "live")
        rows = self._rows(visit)
        chosen = _chosen(visit, rows)
        said = visit.choice("said", tuple(rules.SAID), "")
        rule = _tried_rule(visit, chosen) if chosen else None
        tried = None
        if rule is not None and tries and visit.text("try"):
            try:
                tried = self._tried(visit, rule)
            except NotTried:
                said = "untried"
        may = visit.scope.role in MAY_CHANGE
        return RulesView(
            rows=rows, lately=LATELY_DAYS, site=visit.site, timezone=visit.timezone,
            now=visit.now, chosen=chosen, edited=rule, tried=tried,
            token=self._token() if may else None, said=said, field=visit.text("field") or "",
        )  # fmt: skip

    def _rows(self, visit: Visit) -> list[RuleRow]:
        shown = self._desk.shown(visit.scope, visit.site)
        until = self._qualities.today(visit.timezone)
        since = until - timedelta(days=LATELY_DAYS - 1)
        found = self._qualities.of(visit.scope, visit.site, since, until, visit.timezone)
        answers = {one.key: one for one in found.by_rule}
        marks = {one.rule: one for one in found.precision}
        return [
            RuleRow(
                rule=one.rule, name=name_of(one.rule, visit.t), version=one.version,
                differs=one.differs and one.usual is not None,
                answers=answers.get(one.rule.id), precision=marks.get(one.rule.id),
            )
            for one in shown
        ]  # fmt: skip

    def _tried(self, visit: Visit, rule: Rule) -> Tried:
        days = visit.choice("try", tuple(rules.DAYS), "7")
        try:
            found = self._desk.try_out(visit.scope, visit.site, rule, float(days))
        except RuleError as error:
            raise BadParameter("try", "choice") from error
        return _told(found, days)


def edited(rule: Rule, given: Mapping[str, str]) -> Rule:
    """Return a rule as a form has it; what a link leaves out stays as it is.

    Raises: RuleError for what is no number or no choice.
    """
    whole = given.get("form") == "1"  # then a box that isn't there was cleared
    numbers = [name for name in SETTINGS[rule.condition] if name != "states"]
    changes: dict[str, Any] = {
        name: _value(given, name, getattr(rule, name)) for name in (*numbers, "expires_min")
    }
    return replace(
        rule,
        **changes,
        on=given.get("on") == "1" if whole else rule.on,
        by_cause=given.get("by_cause") == "1" if whole else rule.by_cause,
        severity=Severity(_among(given, "severity", Severity, rule.severity)),
        owner=Role(_among(given, "owner", OWNERS, rule.owner)),
        levels=_levels(rule, given) if whole else rule.levels,
        informs=_informs(given) if whole else rule.informs,
    )


def _value(form: Mapping[str, str], name: str, before: float) -> float | int:
    text = form.get(name, "").strip()
    if not text:
        return before
    try:
        value = float(text[:20])
    except ValueError:
        raise RuleError(name) from None
    if name == "least":
        return int(value)
    return value * 60 if name in _MINUTES else value


def _among(form: Mapping[str, str], name: str, among: Any, before: str) -> str:
    value = form.get(name, before)
    if value not in {str(one) for one in among}:
        raise RuleError(name)
    return value


def _informs(given: Mapping[str, str]) -> tuple[Role, ...]:
    return tuple(role for role in INFORMED if given.get(f"informs_{role}") == "1")


def _levels(rule: Rule, form: Mapping[str, str]) -> tuple[Level, ...]:
    """Return the steps of an escalation; the ways of those that stay are kept."""
    levels = []
    for number in range(MAX_LEVELS):
        role, after = form.get(f"role_{number}", ""), form.get(f"after_{number}", "").strip()
        if not role or not after:
            continue
        known = rule.levels[number].ways if number < len(rule.levels) else ()
        minutes = float(_value(form, f"after_{number}", 0.0))
        found = Role(_among(form, f"role_{number}", OWNERS, role))
        levels.append(Level(after_min=minutes, role=found, ways=known))
    return tuple(levels)


def _chosen(visit: Visit, rows: Sequence[RuleRow]) -> RuleRow | None:
    wanted = visit.text("rule")
    found = next((row for row in rows if row.rule.id == wanted), None)
    if wanted is not None and found is None:
        raise Forbidden(wanted)
    return found


def _tried_rule(visit: Visit, row: RuleRow) -> Rule:
    """Return the rule as the address has it: as it is, or with what is to be tried."""
    if not visit.text("try"):
        return row.rule
    try:
        return edited(row.rule, visit.query)
    except RuleError as error:
        raise BadParameter(str(error), "choice") from error


def _told(found: Trial, days: str) -> Tried:
    return Tried(
        days=days, since=found.since, fired=found.fired, subjects=found.subjects,
        known=found.known, acted=found.acted, standing=found.standing, by_day=found.by_day,
        firings=tuple((one.at, one.subject, one.acted) for one in found.firings),
    )  # fmt: skip


def _plain(visit: Visit) -> rules.Href:
    """Return how links are made: of the address only the rule stays, none of what is tried."""

    def href(path: str | None = None, **changes: str | None) -> str:
        kept = {name: None for name in visit.query if name not in ("site", "lang", "theme")}
        return visit.href(path, **{**kept, **changes})

    return href


def _was() -> int:
    given = _given("was")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1


def _given(name: str) -> str:
    return request.form.get(name, "")[:LONGEST]


def _back(**said: str) -> Answer:
    answer = Response(status=303)
    here = {"rule": _given("rule"), "site": _given("site"), **said}
    answer.headers["Location"] = address("/rules", here)
    return answer


def _later(error: Unavailable) -> Answer:
    answer = Response("the history can't be reached now; nothing was changed\n", 503)
    answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer
