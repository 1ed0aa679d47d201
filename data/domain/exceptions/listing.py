"""Which exceptions count, stand on a wall, or fit what is looked for, of those that are at hand.

Pure. For what must be as quick as the walls; pages have exceptions listed by SQL, closed ones too.
"""

from collections.abc import Iterable

from data.domain.exceptions.audience import concerns
from data.domain.exceptions.records import Case, State
from data.domain.exceptions.search import CaseFilter
from data.domain.scope import Scope

NEEDED = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED})
_ON_WALLS = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED})


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
    if wanted.concerns not in (None, case.owner_role, *case.informs):
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
