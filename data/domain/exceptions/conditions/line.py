"""Lines whose bottleneck has moved: another work unit than in the shifts before holds them up.

Pure. It holds until the shifts of the unit before are no longer among those that are looked at.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from data.domain.exceptions.conditions.ground import Ground, Look, Verdict, applies
from data.domain.exceptions.records import Finding, Place
from data.domain.exceptions.rules import Rule
from data.domain.facts import LineBottleneck, ShiftBottleneck


class Bottlenecks:
    """Rules on where the bottleneck stands."""

    def __init__(self, rules: Sequence[Rule], ground: Ground) -> None:
        self._rules, self.ground = rules, ground

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge every line; there are few."""
        facts = self.ground.bottlenecks()
        stood = {key: key[1] for key in self.ground.standing.findings}
        for rule in self._rules:
            subjects = {line_subject(area) for area in facts}
            subjects |= {subject for (name, _), subject in stood.items() if name == rule.id}
            for subject in subjects:
                fact = facts.get(subject.partition("/")[2])
                found = None if fact is None else self._judge(rule, subject, fact, look)
                yield Verdict(rule, subject, found)

    def _judge(self, rule: Rule, subject: str, fact: LineBottleneck, look: Look) -> Finding | None:
        after = fact.clear
        if after is None and self.ground.stands(rule, subject):
            after = next((s.work_unit for s in reversed(fact.trend) if s.work_unit), None)
        last = None if after is None else _last_before(fact.trend, after)
        if after is None or last is None:
            return None
        if look.now - last.finish <= timedelta(seconds=rule.limit_s):
            return None
        if rule.applies and not applies(rule, area=fact.area):
            return None
        return Finding(
            rule=rule.id,
            subject=subject,
            since=last.finish + timedelta(seconds=rule.limit_s),
            place=Place(
                area=fact.area, work_center=self.ground.center_of.get(after), work_unit=after
            ),
            values={
                "before": last.work_unit,
                "after": after,
                "moved_at": last.finish,
                "share": next((u.share for u in fact.today if u.work_unit == after), None),
                "limit_s": rule.limit_s,
            },
        )


def line_subject(area: str) -> str:
    """Return the subject of a line."""
    return f"line/{area}"


def _last_before(trend: Sequence[ShiftBottleneck], unit: str) -> ShiftBottleneck | None:
    """Return the last shift that another unit held up."""
    others = [shift for shift in trend if shift.work_unit not in (None, unit)]
    return others[-1] if others else None
