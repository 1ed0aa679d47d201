"""The rules of each site: the usual ones, and where a site differs.

Imported by the watch's exceptions, the notifier and the page on rules; wired in `data.desks`. The
usual rules are a file of the package; a site's own changes are kept in SQL.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from itertools import count
from typing import Any, Protocol

import structlog
import yaml
from msgspec import Struct
from msgspec.structs import replace

from data.domain.audit import Action
from data.domain.exceptions.rule_rules import (
    MAX_NAME,
    MAX_RULES,
    checked,
    difference,
    merged,
    parsed,
)
from data.domain.exceptions.rules import Rule, RuleError
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Forbidden, MilepostError
from data.services.trials import DAYS, Trial, Trials

MAY_CHANGE = frozenset({Role.FACTORY, Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER})
_log = structlog.get_logger("rules")


class RuleMoved(MilepostError):
    """The rule was changed by somebody else since it was shown."""


class RuleStore(Protocol):
    """Where a site's own rules are kept."""

    def rules(self, site: str) -> dict[str, tuple[dict[str, Any], int]]:
        """By id: the fields that differ, and the version."""

    def keep_rule(
        self, site: str, rule: str, document: Mapping[str, Any], was: int, actor: str, at: datetime
    ) -> bool:
        """Keep it if it was at version `was`; whether it was."""


class SiteRule(Struct, frozen=True, kw_only=True):
    """A rule as it holds at a site. `usual`: what it would be unless the site had changed it.

    `version` 0: the site never changed it.
    """

    rule: Rule
    usual: Rule | None
    version: int = 0

    @property
    def differs(self) -> bool:
        """Whether the site has it otherwise than it usually is."""
        return self.rule != self.usual


class Rules:
    """The rules of all sites, as they are judged by."""

    def __init__(self, store: RuleStore) -> None:
        self._store = store

    def of(self, site: str) -> tuple[Rule, ...]:
        """Return the rules of a site, those that are off among them.

        Raises: Unavailable.
        """
        return tuple(one.rule for one in self.all(site))

    def all(self, site: str) -> tuple[SiteRule, ...]:
        """Return the rules of a site with what they usually are.

        Raises: Unavailable.
        """
        own, usual = self._store.rules(site), {rule.id: rule for rule in usual_rules()}
        documents = {name: document for name, (document, _) in own.items()}
        return tuple(
            SiteRule(rule=rule, usual=usual.get(rule.id), version=own.get(rule.id, ({}, 0))[1])
            for rule in merged(usual.values(), documents, _complain)
        )


class RuleDesk:
    """Looking at a site's rules, trying them, and changing them: each change is audited."""

    def __init__(
        self, store: RuleStore, audit: Audit, now: Callable[[], datetime], trials: Trials
    ) -> None:
        """`now`: the real one."""
        self._store, self._audit, self._now, self._trials = store, audit, now, trials
        self._rules = Rules(store)

    def shown(self, scope: Scope, site: str) -> tuple[SiteRule, ...]:
        """Return the rules of a site with what they usually are.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._rules.all(site)

    def try_out(self, scope: Scope, site: str, rule: Rule, days: float = DAYS) -> Trial:
        """Return how often a rule would have fired over the last days, and what came of it.

        It takes a second or more for each day of a busy site.
        Raises: Forbidden; RuleError; NotTried when nothing of that is kept; Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._trials.of(site, checked(rule), days)

    def change(self, by: By, scope: Scope, site: str, rule: Rule, was: int) -> None:
        """Keep a site's rule in place of the one that holds, which was shown at version `was`.

        Raises: Forbidden; RuleError; RuleMoved; Unavailable. Then nothing is changed.
        """
        self._change(by, scope, site, checked(rule), was)

    def add(self, by: By, scope: Scope, site: str, rule: Rule) -> Rule:
        """Keep a rule of a site's own; return it under the id that it got.

        An id that was ever used stays what it meant, so exceptions of then tell no tales.
        Raises: Forbidden; RuleError; RuleMoved; Unavailable. Then nothing is kept.
        """
        known = {one.rule.id for one in self.shown(scope, site)} | set(self._store.rules(site))
        named = checked(replace(rule, id=free_id(rule, known)))
        if len(known) >= MAX_RULES:
            raise RuleError(f"rules: expected at most {MAX_RULES}")
        self._change(by, scope, site, named, 0)
        return named

    def retire(self, by: By, scope: Scope, site: str, name: str, was: int) -> None:
        """Let a rule of a site's own hold no more; what it raised goes back to normal.

        Raises: Forbidden; LookupError when it isn't a site's own; RuleMoved; Unavailable.
        """
        if scope.role not in MAY_CHANGE:
            raise Forbidden(site)
        found = next((one for one in self.shown(scope, site) if one.rule.id == name), None)
        if found is None or found.usual is not None:
            raise LookupError(name)
        if found.version != was:
            raise RuleMoved(name)
        gone = {field: [str(value), ""] for field, value in difference(None, found.rule).items()}
        self._keep(by, site, name, {}, was, gone)

    def reset(self, by: By, scope: Scope, site: str, name: str, was: int) -> None:
        """Let a usual rule be again what it usually is.

        Raises: Forbidden; LookupError when it isn't a usual rule; RuleMoved; Unavailable.
        """
        usual = next((rule for rule in usual_rules() if rule.id == name), None)
        if usual is None:
            raise LookupError(name)
        self._change(by, scope, site, usual, was)

    def _change(self, by: By, scope: Scope, site: str, rule: Rule, was: int) -> None:
        if scope.role not in MAY_CHANGE or not scope.may_see(site):
            raise Forbidden(site)
        before = next((one for one in self._rules.all(site) if one.rule.id == rule.id), None)
        if (before.version if before else 0) != was:
            raise RuleMoved(rule.id)
        usual = before.usual if before else None
        detail = _told(before.rule if before else None, rule)
        if detail:
            self._keep(by, site, rule.id, difference(usual, rule), was, detail)

    def _keep(
        self, by: By, site: str, name: str, document: Mapping[str, Any], was: int,
        detail: Mapping[str, list[str]],
    ) -> None:  # fmt: skip
        """Say in the trail what changes, then change it."""
        self._audit.note(
            by.actor, Action.RULE_CHANGED, f"rule/{name}", site=site, address=by.address,
            detail=dict(detail),
        )  # fmt: skip
        if not self._store.keep_rule(site, name, document, was, by.actor, self._now()):
            raise RuleMoved(name)


@lru_cache(maxsize=1)
def usual_rules() -> tuple[Rule, ...]:
    """Return the rules that every site begins with."""
    text = files("data.domain.exceptions").joinpath("usual.yaml").read_text("utf-8")
    return parsed(yaml.safe_load(text))


def free_id(rule: Rule, taken: Collection[str]) -> str:
    """Return an id for a new rule that says what it is: from its name, else from its condition."""
    words = re.findall(r"[a-z0-9]+", rule.name.get("en", "").lower())
    base = "-".join(words)[: MAX_NAME - 4].strip("-") or rule.condition.replace("_", "-")
    tries = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(one for one in tries if one not in taken)


def _told(before: Rule | None, after: Rule) -> dict[str, list[str]]:
    """Return the fields that change, each before and after, for the audit trail."""
    new = difference(before, after)
    old = {} if before is None else difference(after, before)
    return {name: [str(old.get(name, "")), str(value)] for name, value in new.items()}


def _complain(name: str, reason: str) -> None:
    _log.warning("a site's rule can't be used", rule=name, reason=reason)
