"""Rules of a made-up site in memory, behind the page that changes them."""

from datetime import date, timedelta
from typing import Any

from flask_wtf.csrf import generate_csrf

from callbacks.desk.rules import RulesPage
from callbacks.gate import Viewer
from data.domain.exceptions.quality.assess import assess
from data.domain.exceptions.quality.records import Period
from data.domain.exceptions.rules import Condition
from data.services.audit import Audit
from data.services.rules import RuleDesk
from data.services.trials import NotTried, Trial
from tests.unit.callbacks.desk.places import NOW, site
from tests.unit.fakes import FakeTrail


class RuleBook:
    """What a site has of its own, kept by whoever knew the newest version."""

    def __init__(self) -> None:
        self.own: dict[str, tuple[dict[str, Any], int]] = {}

    def rules(self, site):
        return dict(self.own)

    def keep_rule(self, site, rule, document, was, actor, at):
        if self.own.get(rule, ({}, 0))[1] != was:
            return False
        self.own[rule] = (dict(document), was + 1)
        return True


class Tried:
    """Trials that say three times, and keep what was tried."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def of(self, site, rule, days):
        self.asked.append((rule, days))
        if rule.condition is Condition.NO_SIGNAL:
            raise NotTried("nothing is recorded of it")
        return Trial(
            rule=rule, since=NOW - timedelta(days=days), until=NOW, fired=3, subjects=1, known=1,
            acted=1, standing_before=0, standing=1, most_at_once=1,
            by_day=(("2026-11-23", 3),), firings=(),
        )  # fmt: skip


class Quiet:
    """Nothing came up of any rule."""

    def today(self, timezone):
        return date(2026, 11, 24)

    def of(self, scope, site, since, until, timezone):
        period = Period(since=since, until=until, timezone=timezone, now=NOW)
        return assess((), (), (), period)


class Ruled:
    """The page with all that it stands on."""

    def __init__(self, who: Viewer, token=generate_csrf) -> None:
        self.book, self.trail, self.trials = RuleBook(), FakeTrail(), Tried()
        audit = Audit(self.trail, b"secret", lambda: NOW)
        desk = RuleDesk(self.book, audit, lambda: NOW, self.trials)  # type: ignore[arg-type]
        model = site()
        self.page = RulesPage(desk, Quiet(), lambda: {model.id: model}, lambda: who, token)
