"""Lists of exceptions made from those that are at hand, as the live boards have them.

Pure. For viewers who may know of some exceptions of a site only, and for counts that must be as
quick as the walls. Whoever sees all of a site has them listed by SQL, closed ones too.
"""

from collections.abc import Iterable

from data.domain.exceptions.audience import concerns
from data.domain.exceptions.records import Case, Severity, State
from data.domain.exceptions.search import CaseFilter, Found
from data.domain.scope import Scope

NEEDED = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED})
_ON_WALLS = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED})
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def open_count(cases: Iterable[Case], scope: Scope) -> int:
    """Return how many need somebody, of those that the viewer may know of."""
    return sum(
        case.state in NEEDED and case.parent is None and concerns(case, scope) for case in cases
    )


def of_line(cases: Iterable[Case], area: str) -> tuple[Case, ...]:
    """Return those of a line that people have to see, the newest first."""
    found = [
        case
        for case in cases
        if case.place.area == area and case.parent is None and case.state in _ON_WALLS
    ]
    return tuple(sorted(found, key=lambda case: (case.raised_at, case.number), reverse=True))


def listed(
    cases: Iterable[Case], scope: Scope, wanted: CaseFilter, limit: int, offset: int
) -> Found:
    """Return a page of what is looked for: worst and newest first."""
    found = [case for case in cases if concerns(case, scope) and fits(case, wanted)]
    found.sort(key=lambda case: (-_RANK[case.severity], case.raised_at, case.number), reverse=True)
    return Found(cases=tuple(found[offset : offset + limit]), total=len(found))


def fits(case: Case, wanted: CaseFilter) -> bool:
    """Whether an exception is looked for."""
    place = case.place
    pairs = (
        (wanted.severity, case.severity), (wanted.rule, case.rule), (wanted.kind, case.kind),
        (wanted.area, place.area), (wanted.work_center, place.work_center),
        (wanted.work_unit, place.work_unit), (wanted.order, place.order),
        (wanted.owner, case.owner), (wanted.owner_role, case.owner_role),
    )  # fmt: skip
    if any(asked is not None and asked != found for asked, found in pairs):
        return False
    if wanted.states and case.state not in wanted.states:
        return False
    if wanted.party is not None and wanted.party not in case.parties:
        return False
    return _stands(case, wanted) and _says(case, wanted.text)


def _stands(case: Case, wanted: CaseFilter) -> bool:
    if wanted.parent is not None:
        return case.parent == wanted.parent
    return case.parent is None or not wanted.top


def _says(case: Case, words: str | None) -> bool:
    if not words:
        return True
    said = " ".join((case.name, case.subject, case.rule, case.owner_role))
    return words.casefold() in said.casefold()
