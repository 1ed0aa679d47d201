"""Work units that stay in a state for too long, or that nobody hears any more.

Pure.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from data.domain.events import work_unit_subject
from data.domain.exceptions.conditions.axis import Axis
from data.domain.exceptions.conditions.ground import Ground, Look, Verdict, applies, instant
from data.domain.exceptions.records import Finding, Place
from data.domain.exceptions.rules import Rule
from data.domain.subjects import WorkUnitState


class _Run(NamedTuple):
    """Since when a unit is in one of some states. `open`: it may have begun before that."""

    since: datetime
    open: bool


class UnitStates:
    """Rules on states; the time counts while the area works."""

    def __init__(self, rules: Sequence[Rule], ground: Ground) -> None:
        self._rules, self.ground = rules, ground
        self._waiting: dict[tuple[str, str], tuple[float, Rule]] = {}

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge units whose state changed, and those that have been in theirs for long enough."""
        units: Iterable[str] = look.units
        if look.whole or look.back:
            self._waiting.clear()
            units = self.ground.board.work_units
        due = [(unit, rule) for (_, unit), (at, rule) in self._waiting.items() if at < look.now_s]
        for unit, rule in due:
            yield Verdict(rule, work_unit_subject(unit), self._judge(rule, unit, look))
        for unit in units:
            for rule in self._rules:
                yield Verdict(rule, work_unit_subject(unit), self._judge(rule, unit, look))

    def _judge(self, rule: Rule, unit: str, look: Look) -> Finding | None:
        self._waiting.pop((rule.id, unit), None)
        state = self.ground.board.work_units.get(unit)
        run = None if state is None else _run(state, rule.states)
        place = place_of(self.ground, unit)
        if state is None or run is None or not applies_to(rule, place):
            return None
        axis = self.ground.axis(place.area)
        due = axis.worked_at(run.since.timestamp()) + rule.limit_s
        since = instant(axis.exceeded_at(due))
        stood = self.ground.standing.since((rule.id, work_unit_subject(unit)))
        if not run.open and stood != since:  # the same stop goes on though the clock goes back
            stood = None
        if stood is None and due >= axis.worked_at(look.now_s):
            self._waiting[rule.id, unit] = (axis.exceeded_at(due), rule)
            return None
        return Finding(
            rule=rule.id,
            subject=work_unit_subject(unit),
            since=since if stood is None else min(stood, since),
            place=place,
            values={
                "state": str(state.state),
                "state_since": run.since,
                "reason": state.reason,
                "operation": state.operation,
                "limit_s": rule.limit_s,
            },
        )


class Signals:
    """Rules on work units whose machine isn't heard.

    Off shift none is raised, for a machine may be switched off; what stands goes on.
    """

    def __init__(self, rules: Sequence[Rule], ground: Ground) -> None:
        self._rules, self.ground = rules, ground

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge every unit; there are few, and their silence is no event."""
        for rule in self._rules:
            for unit in self.ground.center_of:
                found = self._judge(rule, unit, look)
                yield Verdict(rule, work_unit_subject(unit), found)

    def _judge(self, rule: Rule, unit: str, look: Look) -> Finding | None:
        age_s = look.outside.signal_age_s.get(unit)
        if age_s is None or age_s <= rule.limit_s:
            return None
        subject, place = work_unit_subject(unit), place_of(self.ground, unit)
        if not may_raise(self.ground, rule, subject, place.area, look):
            return None
        if not applies_to(rule, place):
            return None
        return Finding(
            rule=rule.id,
            subject=subject,
            since=self.ground.since(rule, subject, look.now),
            place=place,
            values={
                "heard_at": look.outside.real_now - timedelta(seconds=age_s),
                "limit_s": rule.limit_s,
            },
        )


def may_raise(ground: Ground, rule: Rule, subject: str, area: str | None, look: Look) -> bool:
    """Whether something that is silent is to be told: it stands, or its area works now."""
    axis: Axis = ground.axis(area)
    return ground.stands(rule, subject) or axis.works_at(look.now_s)


def place_of(ground: Ground, unit: str) -> Place:
    """Return where a work unit stands."""
    center = ground.center_of.get(unit)
    return Place(area=ground.area_of.get(center or ""), work_center=center, work_unit=unit)


def applies_to(rule: Rule, place: Place) -> bool:
    """Whether a rule is for what is at this place."""
    return not rule.applies or applies(
        rule, area=place.area, work_center=place.work_center, work_unit=place.work_unit
    )


def _run(unit: WorkUnitState, states: Sequence[str]) -> _Run | None:
    """Return since when a unit is in one of the states; None: it isn't."""
    if unit.state is None or unit.since is None or unit.state.value not in states:
        return None
    since = unit.since
    for at, state in reversed(unit.timeline):
        if state.value not in states:
            return _Run(since, open=False)
        since = min(since, at)
    return _Run(since, open=unit.has_base)
