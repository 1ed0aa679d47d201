"""Handling: what becomes of the open exceptions of a site when conditions come, go and change.

Pure. Holds every open case by its number and by rule and subject; says as `Change`s what is to
be kept, and takes what was kept, by itself or by others. One whose cause is an exception too
stands inside of that and is suppressed until the cause has gone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from data.domain.exceptions.lifecycle import may, moved
from data.domain.exceptions.records import Case, Finding, Hit, Move, State, Transition
from data.domain.exceptions.ripple import differ, worst
from data.domain.exceptions.rules import Rule
from data.domain.exceptions.search import Change
from data.domain.exceptions.values import differs

Key = tuple[str, str]
WATCH = "watch"


class Clocks(Struct, frozen=True):
    """The site's now, and the real one."""

    site: datetime
    real: datetime


class Inside(NamedTuple):
    """What an exception stands inside of: an open one's number, or the place of a change.

    That change raises it at the same time. Neither: it stands on its own.
    """

    parent: int | None = None
    place: int | None = None

    @property
    def is_inside(self) -> bool:
        """Whether it stands inside of anything."""
        return self != Inside()


class Handling:
    """The open exceptions of one site."""

    def __init__(self, site: str, rules: Iterable[Rule]) -> None:
        self._site = site
        self.rules: Mapping[str, Rule] = {rule.id: rule for rule in rules}
        self.quiet: frozenset[str] = frozenset()  # rules of which what is raised now stood before
        self.cases: dict[int, Case] = {}
        self._keys: dict[Key, int] = {}

    def take(self, case: Case) -> None:
        """Take a case as it is kept now; one that is closed is no more of this."""
        before = self.cases.pop(case.number, None)
        if before is not None:
            self._keys.pop((before.rule, before.subject), None)
        if case.state is not State.CLOSED:
            self.cases[case.number] = case
            self._keys[case.rule, case.subject] = case.number

    def of(self, key: Key) -> Case | None:
        """Return the open case of a rule and subject."""
        return self.cases.get(self._keys.get(key, 0))

    def inside(self, number: int) -> list[Case]:
        """Return the open cases that stand inside of another."""
        return [case for case in self.cases.values() if case.parent == number]

    def raised(self, findings: Iterable[Finding], clocks: Clocks) -> list[Change]:
        """Return what becomes of conditions that hold now; causes before what they explain."""
        changes: list[Change] = []
        new: dict[str, Inside] = {}  # subject raised here → what its consequences stand inside of
        for finding in causes_first(findings):
            change = self._raised(finding, new, clocks)
            if change is None:
                continue
            if change.was == 0:
                own = Inside(change.case.parent, change.inside_of)
                new.setdefault(
                    finding.subject, own if own.is_inside else Inside(place=len(changes))
                )
            changes.append(change)
        return changes

    def cleared(self, keys: Iterable[Key], clocks: Clocks) -> list[Change]:
        """Return what becomes of conditions that hold no more."""
        return [
            self._change(case, Move.CLEAR, clocks)
            for key in keys
            if (case := self.of(key)) is not None and case.standing and may(case, Move.CLEAR)
        ]

    def changed(self, findings: Iterable[Finding], clocks: Clocks) -> list[Change]:
        """Return what becomes of conditions that hold still, with other values."""
        return [
            self._change(case, Move.CHANGE, clocks, values=finding.values, place=finding.place)
            for finding in findings
            if (case := self.of(finding.key)) is not None
            and may(case, Move.CHANGE)
            and case.values != finding.values
        ]

    def freed(self, clocks: Clocks) -> list[Change]:
        """Return how those come out whose cause has gone: still standing, they are on their own."""
        return [
            self._change(case, Move.UNSUPPRESS, clocks, parent=None)
            for case in self.cases.values()
            if case.parent is not None
            and not self._stands(case.parent)
            and may(case, Move.UNSUPPRESS)
        ]

    def gathered(self, clocks: Clocks) -> list[Change]:
        """Return how those go inside whose cause has become an exception after them.

        One that somebody has taken stays where it is.
        """
        by_subject = {c.subject: c for c in self.cases.values() if c.standing}
        changes = []
        for case in self.cases.values():
            cause = by_subject.get(case.cause) if case.cause else None
            if cause is None or case.parent is not None or case.state is not State.UNACKNOWLEDGED:
                continue
            root = cause.parent or cause.number
            rule = self.rules.get(case.rule)
            if root != case.number and rule is not None and rule.by_cause:
                changes.append(self._change(case, Move.SUPPRESS, clocks, parent=root))
        return changes

    def _stands(self, number: int) -> bool:
        case = self.cases.get(number)
        return case is not None and case.standing

    def flapped(self, flapping: Mapping[Key, bool], clocks: Clocks) -> list[Change]:
        """Return the cases that began or ended to flap."""
        return [
            self._change(case, Move.CHANGE, clocks, flapping=flaps)
            for key, flaps in flapping.items()
            if (case := self.of(key)) is not None and case.flapping != flaps
        ]

    def hit(
        self, number: int, hits: Sequence[Hit], clocks: Clocks
    ) -> Change | None:  # fmt: skip
        """Return what becomes of a case when it moves other dates than before, or by more.

        What stands inside of it counts with it: its hits, its parties and whom it informs.
        """
        case = self.cases.get(number)
        if case is None or not may(case, Move.CHANGE):
            return None
        inside = self.inside(number)
        found = worst([*hits, *(hit for one in inside for hit in one.hits)])
        parties = case.parties.union(
            (hit.party for hit in found if hit.party is not None),
            *(one.parties for one in inside),
        )
        informs = tuple(dict.fromkeys([*case.informs, *(r for one in inside for r in one.informs)]))
        moves = differ(case.hits, found)
        if not moves and (len(inside), parties) == (case.inside, case.parties):
            return None
        return self._change(
            case, Move.CHANGE, clocks, detail={"impact": moves},
            hits=found if moves else case.hits, parties=parties, informs=informs,
            inside=len(inside),
        )  # fmt: skip

    def _raised(self, finding: Finding, new: Mapping[str, Inside], clocks: Clocks) -> Change | None:
        rule, case = self.rules[finding.rule], self.of(finding.key)
        if case is not None:
            if case.standing:
                return self._known(case, finding, clocks)
            if not may(case, Move.RAISE):
                return None
            return self._change(
                case, Move.RAISE, clocks, values=finding.values, since=finding.since
            )
        inside = self._inside(finding, rule, new)
        begun = Case(
            site=self._site, number=0, rule=rule.id, kind=rule.condition, subject=finding.subject,
            state=State.SUPPRESSED if inside.is_inside else State.UNACKNOWLEDGED, standing=True,
            severity=rule.severity, since=finding.since, raised_at=clocks.site,
            owner_role=rule.owner, informs=rule.informs, cause=finding.cause, place=finding.place,
            values=finding.values, parties=finding.parties, parent=inside.parent,
            quiet=rule.id in self.quiet,
        )  # fmt: skip
        return Change(case=begun, transition=_told(begun, None, Move.RAISE, clocks),
                      was=0, inside_of=inside.place)  # fmt: skip

    def _known(self, case: Case, finding: Finding, clocks: Clocks) -> Change | None:
        """Return what has moved of one that stands, while nobody looked: a watch begins anew."""
        if not may(case, Move.CHANGE) or not differs(case.values, finding.values):
            return None
        return self._change(
            case, Move.CHANGE, clocks, values=finding.values, place=finding.place
        )  # fmt: skip

    def _inside(self, finding: Finding, rule: Rule, new: Mapping[str, Inside]) -> Inside:
        """Return what a finding stands inside of: the first exception of all that led to it."""
        if not rule.by_cause or not finding.cause:
            return Inside()
        causes = [c for c in self.cases.values() if c.subject == finding.cause and c.standing]
        first = min(causes, key=lambda case: case.number, default=None)
        if first is not None:
            return Inside(first.parent or first.number)
        return new.get(finding.cause, Inside())

    def _change(
        self, case: Case, move: Move, clocks: Clocks, detail: Mapping[str, bool] | None = None,
        **changes: object,
    ) -> Change:  # fmt: skip
        after = moved(case, move, clocks.site, **changes)
        told = replace(_told(after, case.state, move, clocks), detail=detail or {})
        return Change(case=after, transition=told, was=case.version)


def _told(after: Case, before: State | None, move: Move, clocks: Clocks) -> Transition:
    return Transition(
        site=after.site, number=after.number, version=after.version, move=move, before=before,
        after=after.state, actor=WATCH, at=clocks.real,
    )  # fmt: skip


def causes_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings so that whatever led to one, when it is among them, comes before it."""
    waiting = {finding.key: finding for finding in findings}
    found: list[Finding] = []
    while waiting:
        subjects = {finding.subject for finding in waiting.values()}
        free = [f for f in waiting.values() if f.cause not in subjects or f.cause == f.subject]
        for finding in free or list(waiting.values()):  # in a circle nothing comes first
            found.append(waiting.pop(finding.key))
    return found


def published(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the cases that walls and boards show: open, and inside of no other."""
    for case in cases:
        if case.state is not State.CLOSED and case.parent is None:
            yield case
