"""The escalation clock at work: tells the next level when nobody acknowledged in time.

One step of the notifier. It also gives a case its first instant, takes those off the shelf
whose time is over, and closes those that have been normal for long. Every move is a
compare-and-swap, so of several notifiers, or a notifier and a person, one is first.
Imported by the wiring.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import structlog
from msgspec.structs import replace

from data.domain.exceptions.escalation import escalates, first_due, next_due, resumes
from data.domain.exceptions.lifecycle import may, moved
from data.domain.exceptions.records import Case, Move, Transition
from data.domain.exceptions.rules import Level, Rule
from data.domain.exceptions.search import Change, Kept
from data.domain.site import Site
from data.services.planning import Plants, RuleBook

ACTOR = "clock"
LIMIT = 200
_USUAL_EXPIRY_MIN = 720.0
_MOST_SETTLED = 50_000
_log = structlog.get_logger("notifier")
Version = tuple[str, int, int]  # site, number, version of a case


class Soonest(NamedTuple):
    """What a site's open cases wait for: `unset` for their instant, others for one to come."""

    unset: bool
    escalate_at: datetime | None
    shelved_until: datetime | None
    cleared_at: datetime | None


class ClockStore(Protocol):
    """What the clock asks of SQL."""

    def soonest(self) -> dict[str, Soonest]:
        """What each site waits for that has an open case."""

    def unset(self, site: str) -> list[tuple[int, int]]:
        """Numbers and versions of cases that nobody has and that have no instant."""

    def cases(self, site: str, numbers: Sequence[int]) -> list[Case]:
        """Some cases; those that there aren't are left out."""

    def due(self, site: str, now: datetime, limit: int) -> list[Case]:
        """Cases whose instant has come."""

    def waiting_since(self, site: str, number: int) -> tuple[datetime, Move] | None:
        """When nobody had it for the last time, or a level was told since."""

    def set_clock(self, case: Case, at: datetime | None) -> bool:
        """Set the instant of a case that is still at its version, which stays."""

    def shelved(self, site: str, until: datetime, limit: int) -> list[Case]:
        """Cases whose shelf has ended, by the site's clock."""

    def returned(self, site: str, before: datetime, limit: int) -> list[Case]:
        """Cases that have been normal since before an instant of the site's clock."""


class Keeper(Protocol):
    """Where moves are kept."""

    def keep(self, site: str, changes: Sequence[Change], tell_watch: bool = False) -> Kept:
        """Keep changes, each if nobody was ahead of it."""


class Escalations:
    """Turns the clock at every site. `step` is one testable round."""

    def __init__(
        self, store: ClockStore, keeper: Keeper, rules: RuleBook, plants: Plants,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._store, self._keeper = store, keeper
        self._rules, self._plants = rules, plants
        self._now = now
        self._settled: set[Version] = set()  # those whose rule has nothing to escalate

    def step(self) -> int:
        """Do what is due at every site; return how many cases moved.

        Raises: Unavailable.
        """
        soonest = self._store.soonest()
        sites = [(site, soonest[site.id]) for site in self._plants.sites() if site.id in soonest]
        return sum(self._turn(site, waits) for site, waits in sites)

    def _turn(self, site: Site, waits: Soonest) -> int:
        """Do what is due at a site; SQL is asked no more where nothing can be."""
        rules = {rule.id: rule for rule in self._rules.of(site.id)}
        count = 0
        if waits.unset:
            self._begin(site, rules)
        if waits.unset or (waits.escalate_at and waits.escalate_at <= self._now()):
            count += self._escalate(site, rules)
        if waits.shelved_until and waits.shelved_until <= site.now(self._now()):
            count += self._unshelve(site)
        if waits.cleared_at:
            count += self._expire(site, rules)
        return count

    def _begin(self, site: Site, rules: Mapping[str, Rule]) -> None:
        """Give cases their instant: new ones, and those that somebody gave back.

        It is counted from when nobody had it, so being late changes nothing.
        """
        fresh = [
            number
            for number, version in self._store.unset(site.id)
            if (site.id, number, version) not in self._settled
        ][:LIMIT]
        for case in self._store.cases(site.id, fresh) if fresh else ():
            levels = _levels(rules, case)
            since = self._store.waiting_since(site.id, case.number)
            at = None if since is None else self._instant(site, case, levels, *since)
            if at is None:
                self._settle(case)
            else:
                self._store.set_clock(case, at)

    def _instant(
        self, site: Site, case: Case, levels: Sequence[Level], since: datetime, move: Move
    ) -> datetime | None:
        if move is not Move.ESCALATE or case.level == 0:
            return first_due(site, case, levels, since)
        before = replace(case, level=case.level - 1)
        return next_due(site, before, levels, since) if escalates(case, levels) else None

    def _settle(self, case: Case) -> None:
        if len(self._settled) >= _MOST_SETTLED:
            self._settled.clear()
        self._settled.add((case.site, case.number, case.version))

    def _escalate(self, site: Site, rules: Mapping[str, Rule]) -> int:
        """Tell the next level of what nobody acknowledged; off shift the clock waits for it."""
        now, count = self._now(), 0
        for case in self._store.due(site.id, now, LIMIT):
            levels = _levels(rules, case)
            later = resumes(site, case.place, now)
            if later is not None or not escalates(case, levels):
                self._store.set_clock(case, later if escalates(case, levels) else None)
                continue
            next_at = next_due(site, case, levels, now)
            detail = {"level": case.level + 1, "role": levels[case.level].role.value}
            count += self._move(site, case, Move.ESCALATE, detail, escalate_at=next_at)
        return count

    def _unshelve(self, site: Site) -> int:
        shelved = self._store.shelved(site.id, site.now(self._now()), LIMIT)
        return sum(self._move(site, case, Move.UNSHELVE, {}) for case in shelved)

    def _expire(self, site: Site, rules: Mapping[str, Rule]) -> int:
        """Close what came and went and was normal for as long as its rule says."""
        at = site.now(self._now())
        minutes = [rule.expires_min for rule in rules.values()]
        shortest = timedelta(minutes=min([*minutes, _USUAL_EXPIRY_MIN]))
        count = 0
        for case in self._store.returned(site.id, at - shortest, LIMIT):
            rule = rules.get(case.rule)
            expires = timedelta(minutes=rule.expires_min if rule else _USUAL_EXPIRY_MIN)
            if case.cleared_at is not None and case.cleared_at + expires <= at:
                count += self._move(site, case, Move.EXPIRE, {})
        return count

    def _move(
        self, site: Site, case: Case, move: Move, detail: Mapping[str, str | int],
        **changes: object,
    ) -> int:  # fmt: skip
        """Move a case, unless somebody was first; return how many moved."""
        if not may(case, move):
            return 0
        now = self._now()
        after = moved(case, move, site.now(now), **changes)
        transition = Transition(
            site=case.site, number=case.number, version=after.version, move=move,
            before=case.state, after=after.state, actor=ACTOR, at=now, detail=detail,
        )  # fmt: skip
        change = Change(case=after, transition=transition, was=case.version)
        kept = self._keeper.keep(site.id, [change], tell_watch=True)
        if kept.done and move is Move.ESCALATE:
            _log.info("escalated", site=site.id, case=case.number, level=after.level)
        return len(kept.done)


def _levels(rules: Mapping[str, Rule], case: Case) -> tuple[Level, ...]:
    rule = rules.get(case.rule)
    return () if rule is None else rule.levels
