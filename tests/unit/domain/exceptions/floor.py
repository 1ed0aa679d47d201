"""A small works whose rules are judged: what tests of the conditions tell and ask."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from data.domain.board import Board
from data.domain.events import Event
from data.domain.exceptions.evaluate import Changes, Evaluator, Outside
from data.domain.exceptions.records import Finding, Severity
from data.domain.exceptions.rules import Condition, Rule
from data.domain.exceptions.values import VALUES
from data.domain.facts import LineBottleneck
from data.domain.forecast.records import (
    Finish,
    MilestoneForecast,
    NeedForecast,
    OrderForecast,
)
from data.domain.scope import Role
from data.domain.site import Site
from data.domain.view import Readers
from tests.unit.domain.floor_events import SITE, h, site_event

WELL = Readers(log_connected=True, event_age_s=0.0, history_lag_s=0.0, history_stale=False)


def rule(condition: Condition, name: str = "r", **more: Any) -> Rule:
    return Rule(id=name, condition=condition, severity=Severity.HIGH, owner=Role.PLANNER, **more)


def outside(now: datetime, **more: Any) -> Outside:
    return Outside(real_now=now, **{"readers": WELL, **more})


def forecast(
    order: str, p80: float, needs: Mapping[str, float] | None = None, milestone: float | None = None
) -> OrderForecast:
    """A forecast in hours after 08:00."""
    return OrderForecast(
        order=order,
        made_at=h(0),
        finish=_finish(p80),
        calibrated=True,
        operations=(),
        milestones=()
        if milestone is None
        else (MilestoneForecast(milestone="m", finish=_finish(milestone)),),
        needs=tuple(
            NeedForecast(need=name, need_by=h(by), early_at=h(by))
            for name, by in (needs or {}).items()
        ),
        remaining_s=(),
    )


def _finish(p80: float) -> Finish:
    return Finish(p50_at=h(p80 - 1), p80_at=h(p80), p95_at=h(p80 + 1))


class Works:
    """A board with an evaluator; every look is held to what an evaluator that begins then finds."""

    def __init__(self, *rules: Rule, site: Site = SITE, held: Any = None) -> None:
        self.rules = rules
        self.board = Board("s")
        self.forecasts: dict[str, OrderForecast] = {}
        self.lines: dict[str, LineBottleneck] = {}
        self.board.apply(site_event(site))
        self._held = held or {}
        self.evaluator = self._begun(held)

    def tell(self, *events: Event) -> None:
        for event in events:
            self.board.apply(event)
        self.evaluator.see(events)

    def expect(self, *forecasts: OrderForecast) -> None:
        self.forecasts.update({one.order: one for one in forecasts})
        self.evaluator.touch_forecasts([one.order for one in forecasts])

    def look(self, hours: float, **more: Any) -> Changes:
        now, held = h(hours), {**self._held, **self.evaluator.held}
        self._held = {}
        seen = outside(**{"now": now, **more})
        changes = self.evaluator.look(now, seen)
        fresh = self._begun(held)
        fresh.look(now, seen)
        if not any(one.condition is Condition.QUARANTINE for one in self.rules):
            assert dict(self.evaluator.standing) == dict(fresh.standing)
        self._hold_to_table()
        return changes

    def holds(self, hours: float, **more: Any) -> list[str]:
        """The subjects for which any rule holds."""
        self.look(hours, **more)
        return sorted(subject for _, subject in self.evaluator.standing)

    def finding(self, subject: str, name: str = "r") -> Finding:
        return self.evaluator.standing[name, subject]

    def _begun(self, held: Any) -> Evaluator:
        return Evaluator(self.rules, self.board, lambda: self.forecasts, lambda: self.lines, held)

    def _hold_to_table(self) -> None:
        conditions = {one.id: one.condition for one in self.rules}
        for found in self.evaluator.standing.values():
            assert found.values.keys() == VALUES[conditions[found.rule]].keys(), found


def ago(now: datetime, seconds: float) -> datetime:
    return now - timedelta(seconds=seconds)
