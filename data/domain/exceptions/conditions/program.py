"""The program's own trouble: dark screens, readers that lag, refused input, gaps, shut ways.

Pure. All of these are measured by the real clock.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta

from data.domain.exceptions.conditions.ground import Ground, Look, ScreenSeen, Verdict, applies
from data.domain.exceptions.conditions.units import may_raise
from data.domain.exceptions.gaps import shortly
from data.domain.exceptions.records import Finding, Place
from data.domain.exceptions.rules import Condition, Rule
from data.domain.view import Readers


class Program:
    """Rules on screens, readers, the quarantine, gaps in the log and the ways out."""

    def __init__(self, rules: Sequence[Rule], ground: Ground) -> None:
        self._rules, self.ground = rules, ground
        self._counts: deque[tuple[float, int]] = deque()  # real seconds, entries by then

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge everything; there is little."""
        self._count(look)
        for rule in self._rules:
            found = {finding.subject: finding for finding in self._found(rule, look)}
            for name, subject in [*self.ground.standing.findings]:
                if name == rule.id and subject not in found:
                    yield Verdict(rule, subject, None)
            for subject, finding in found.items():
                yield Verdict(rule, subject, finding)

    def _found(self, rule: Rule, look: Look) -> Iterable[Finding]:
        if rule.condition is Condition.SCREEN_DARK:
            for screen in look.outside.screens:
                yield from self._dark(rule, screen, look)
        elif rule.condition is Condition.READER_LAG:
            yield from self._lagging(rule, look)
        elif rule.condition is Condition.WAY_SHUT:
            yield from self._shut(rule, look)
        elif rule.condition is Condition.LOG_GAP:
            yield from self._vanished(rule, look)
        else:
            yield from self._growing(rule, look)

    def _dark(self, rule: Rule, screen: ScreenSeen, look: Look) -> Iterable[Finding]:
        subject, limit = f"screen/{screen.name}", timedelta(seconds=rule.limit_s)
        if look.outside.real_now - screen.seen_at <= limit:
            return
        raised = may_raise(self.ground, rule, subject, screen.area, look)
        if raised and (not rule.applies or applies(rule, area=screen.area)):
            yield Finding(
                rule=rule.id,
                subject=subject,
                since=self.ground.since(rule, subject, look.now),
                place=Place(area=screen.area),
                values={
                    "screen": screen.name,
                    "seen_at": screen.seen_at,
                    "limit_s": rule.limit_s,
                },
            )

    def _lagging(self, rule: Rule, look: Look) -> Iterable[Finding]:
        for reader, lag_s in _lags(look.outside.readers):
            if lag_s is not None and lag_s > rule.limit_s:
                subject = f"reader/{reader}"
                yield Finding(
                    rule=rule.id,
                    subject=subject,
                    since=self.ground.since(rule, subject, look.now),
                    values={"reader": reader, "lag_s": lag_s, "limit_s": rule.limit_s},
                )

    def _shut(self, rule: Rule, look: Look) -> Iterable[Finding]:
        limit = timedelta(seconds=rule.limit_s)
        for way in look.outside.ways:
            if look.outside.real_now - way.since > limit:
                subject = f"way/{way.name}"
                yield Finding(
                    rule=rule.id,
                    subject=subject,
                    since=self.ground.since(rule, subject, look.now),
                    values={
                        "way": way.name, "shut": way.shut, "addresses": way.addresses,
                        "reason": way.reason, "failing_since": way.since, "limit_s": rule.limit_s,
                    },
                )  # fmt: skip

    def _vanished(self, rule: Rule, look: Look) -> Iterable[Finding]:
        """Find each gap by itself: whoever has taken one hasn't been told of the next."""
        limit = timedelta(seconds=rule.limit_s)
        for gap in look.outside.gaps:
            if look.outside.real_now - gap.noticed_at <= limit:
                subject = f"log-gap/{gap.name}"
                yield Finding(
                    rule=rule.id,
                    subject=subject,
                    since=self.ground.since(rule, subject, look.now),
                    values={
                        "place": gap.place, "recorded_at": gap.recorded_at,
                        "until_at": gap.until_at, "put_back": len(gap.put_back),
                        "events": shortly(gap.put_back), "limit_s": rule.limit_s,
                    },
                )  # fmt: skip

    def _growing(self, rule: Rule, look: Look) -> Iterable[Finding]:
        subject = f"quarantine/{self.ground.board.site_id}"
        entries = self._entries(look.outside.real_now.timestamp() - rule.limit_s)
        stands = self.ground.stands(rule, subject)
        if entries > ((rule.below or rule.limit) if stands else rule.limit):
            yield Finding(
                rule=rule.id,
                subject=subject,
                since=self.ground.since(rule, subject, look.now),
                values={"entries": entries, "limit": rule.limit, "over_s": rule.limit_s},
            )

    def _count(self, look: Look) -> None:
        """Note how many entries there are when that has changed; forget what no rule asks for."""
        now_s, counts = look.outside.real_now.timestamp(), self._counts
        while counts and counts[-1][0] > now_s:
            counts.pop()
        if not counts or counts[-1][1] != look.outside.quarantined:
            counts.append((now_s, look.outside.quarantined))
        longest = max((rule.limit_s for rule in self._rules), default=0.0)
        while len(counts) > 1 and counts[1][0] <= now_s - longest:
            counts.popleft()

    def _entries(self, since_s: float) -> int:
        """Count the entries that came after an instant; none of before the first look."""
        before = [count for at, count in self._counts if at <= since_s]
        return self._counts[-1][1] - (before[-1] if before else self._counts[0][1])


def _lags(readers: Readers) -> tuple[tuple[str, float | None], ...]:
    return ("recorder", readers.history_lag_s), ("watch", readers.watch_lag_s)
