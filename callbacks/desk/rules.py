"""`/rules`: the rules of a site; changing one, and trying it on what is recorded.

What is tried stands in the address. What is changed is a plain form's, checked again from the
session's scope; the trail holds what it was before and is after.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component
from flask import Blueprint, Response, abort, request
from flask_wtf.csrf import generate_csrf
from msgspec.structs import replace
from werkzeug.wrappers import Response as Answer

from callbacks.desk.audit import by_of
from callbacks.desk.exceptions import name_of
from callbacks.desk.rule_forms import edited, fresh, names_of, typed, wrong_field
from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import Viewer, viewer
from callbacks.viewer import translator_of
from data.domain.exceptions.quality.records import Quality
from data.domain.exceptions.rules import Condition, Rule, RuleError
from data.domain.scope import Scope
from data.domain.site import Site
from data.services.errors import Forbidden, Unavailable
from data.services.rules import MAY_CHANGE, RuleDesk, RuleMoved, SiteRule
from data.services.trials import NotTried, Trial
from layouts.components import rule_form
from layouts.pages import rules
from layouts.pages.rules import RuleRow, RulesView, Tried
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import address

LATELY_DAYS = 30
LONGEST = 200
ASKED = "1"  # of `new`: which condition it has is still to be chosen


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
        self, service: RuleDesk, qualities: Qualities, sites: Callable[[], Mapping[str, Site]],
        who: Callable[[], Viewer] = viewer, token: Callable[[], str] = generate_csrf,
    ) -> None:  # fmt: skip
        """`sites`: the models of sites, by id."""
        self._desk = service
        self._qualities = qualities
        self._sites = sites
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
        """Register where the forms go."""
        routes = Blueprint("rules", __name__)
        routes.post(rule_form.ADD)(self.add)
        routes.post(rule_form.SAVE)(self.save)
        routes.post(rule_form.RESET)(self.reset)
        routes.post(rule_form.RETIRE)(self.retire)
        app.server.register_blueprint(routes)

    def add(self) -> Answer:
        """Make a rule as the form says, then show it; or say what can't be."""
        condition = _given("new")
        if condition not in set(Condition):
            abort(404)

        def make() -> Answer:
            rule = self._typed(fresh(Condition(condition)), own=True)
            made = self._desk.add(by_of(self._who), self._who().scope, _given("site"), rule)
            return _back(rule=made.id, said="added")

        return _acted(make)

    def save(self) -> Answer:
        """Change a rule as the form says, then show it; or say what can't be."""
        shown = self._known(self._who().scope, _given("site"), _given("rule"))

        def change() -> Answer:
            rule = self._typed(shown.rule, own=shown.usual is None)
            self._desk.change(by_of(self._who), self._who().scope, _given("site"), rule, _was())
            return _back(said="saved")

        return _acted(change)

    def reset(self) -> Answer:
        """Let a rule be again what it usually is."""
        return self._undo(self._desk.reset, "reset", _given("rule"))

    def retire(self) -> Answer:
        """Let a rule of the site's own hold no more."""
        return self._undo(self._desk.retire, "retired", None)

    def _undo(self, act: Callable[..., None], said: str, then: str | None) -> Answer:
        def undo() -> Answer:
            act(by_of(self._who), self._who().scope, _given("site"), _given("rule"), _was())
            return _back(rule=then, said=said)

        return _acted(undo)

    def _typed(self, rule: Rule, own: bool) -> Rule:
        """Return a rule as the form has it. Raises: RuleError with the name of a field."""
        locale = translator_of("en", None).locale
        site = self._sites().get(_given("site"))
        if site is None or not self._who().scope.may_see(site.id):
            abort(404)
        found = edited(rule, request.form, locale, own)
        field = wrong_field(found, site, own)
        if field:
            raise RuleError(field)
        return found

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
        rows, may = self._rows(visit), visit.scope.role in MAY_CHANGE
        new = _new(visit, may)
        chosen = _chosen(visit, rows) if new is None else new
        view = RulesView(
            rows=rows, lately=LATELY_DAYS, site=visit.site, timezone=visit.timezone,
            now=visit.now, chosen=chosen, fresh=new is not None, asks=visit.text("new") == ASKED,
            said=visit.choice("said", tuple(rules.SAID), ""), field=visit.text("field") or "",
            token=self._token() if may else None, known=names_of(visit.live.board.site),
        )  # fmt: skip
        return view if chosen is None else self._opened(visit, view, chosen, tries)

    def _opened(self, visit: Visit, view: RulesView, row: RuleRow, tries: bool) -> RulesView:
        """Return the view with the open rule as the address has it, tried when that is asked."""
        rule, field = _as_typed(visit, row)
        if field:
            return replace(view, edited=rule, said="wrong", field=field)
        if not (tries and visit.text("try")):
            return replace(view, edited=rule)
        try:
            return replace(view, edited=rule, tried=self._tried(visit, rule))
        except NotTried:
            return replace(view, edited=rule, said="untried")

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
                differs=one.differs and one.usual is not None, own=one.usual is None,
                answers=answers.get(one.rule.id), precision=marks.get(one.rule.id),
            )
            for one in shown
        ]  # fmt: skip

    def _tried(self, visit: Visit, rule: Rule) -> Tried:
        days = visit.choice("try", tuple(rule_form.DAYS), "7")
        named = rule if rule.id else replace(rule, id="new")
        return _told(self._desk.try_out(visit.scope, visit.site, named, float(days)), days)


def _chosen(visit: Visit, rows: Sequence[RuleRow]) -> RuleRow | None:
    wanted = visit.text("rule")
    found = next((row for row in rows if row.rule.id == wanted), None)
    if wanted is not None and found is None:
        raise Forbidden(wanted)
    return found


def _new(visit: Visit, may: bool) -> RuleRow | None:
    """Return the new rule whose form the address asks for; None: of a known one, or of none."""
    wanted = visit.text("new")
    if wanted is None:
        return None
    if not may:
        raise Forbidden("new")
    if visit.choice("new", (ASKED, *Condition), ASKED) == ASKED:
        return None
    return RuleRow(rule=fresh(Condition(wanted)), name="", own=True)


def _as_typed(visit: Visit, row: RuleRow) -> tuple[Rule, str]:
    """Return the rule as the address has it, and which field of that can't be."""
    if not (visit.text("form") or visit.text("try")):
        return row.rule, ""
    try:
        rule = edited(row.rule, visit.query, visit.t.locale, row.own)
    except RuleError as error:
        return _without(visit, row, str(error)), str(error)
    return rule, wrong_field(rule, visit.live.board.site, row.own and "form" in visit.query)


def _without(visit: Visit, row: RuleRow, field: str) -> Rule:
    """Return the rule as the address has it but for what can't be read; else as it was."""
    others = {name: value for name, value in visit.query.items() if name != field}
    try:
        return edited(row.rule, others, visit.t.locale, own=False)
    except RuleError:
        return row.rule


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


def _acted(act: Callable[[], Answer]) -> Answer:
    """Do what a form asks for, or say why it can't be."""
    try:
        return act()
    except RuleError as error:
        return _shown_again(str(error))
    except RuleMoved:
        return _back(said="moved")
    except (Forbidden, LookupError):
        abort(404)
    except Unavailable as error:
        return _later(error)


def _back(**said: str | None) -> Answer:
    here = {"rule": _given("rule") or None, "site": _given("site"), **said}
    return _to({name: value for name, value in here.items() if value is not None})


def _shown_again(field: str) -> Answer:
    """Show a form with all that was typed, and what of it can't be."""
    return _to({**typed(request.form, LONGEST), "said": "wrong", "field": field})


def _to(here: Mapping[str, str]) -> Answer:
    answer = Response(status=303)
    answer.headers["Location"] = address("/rules", here)
    return answer


def _later(error: Unavailable) -> Answer:
    answer = Response("the history can't be reached now; nothing was changed\n", 503)
    answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer
