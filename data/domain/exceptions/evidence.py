"""Which recorded events an exception was raised from, as far as its reader may see them.

Pure. Imported by the desk of exceptions, by the store that finds them and by the page that shows
them. What isn't raised from events (a dark screen, a reader that lags) has none.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec import Struct

from data.domain.events import Event
from data.domain.exceptions.audience import concerns
from data.domain.exceptions.records import Case
from data.domain.exceptions.rules import Condition
from data.domain.plan import Order
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import Role, Scope

MOST = 30
AFTERWARDS = timedelta(minutes=2)  # what vanished is put back after the gap was told
_Subjects = Callable[[Case, Order | None], tuple[str, ...]]


class Asked(Struct, frozen=True, kw_only=True):
    """What is looked for: events of `subjects`, scrap at `units`, the quarantine; of a span each.

    `since`, `until`: of the site's clock; `aside`: of the real one, None: not the quarantine.
    """

    subjects: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime
    aside: tuple[datetime, datetime] | None = None
    kind: QuarantineKind | None = None

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.subjects and not self.units and self.aside is None


class Evidence(Struct, frozen=True, kw_only=True):
    """What was found, the earliest first; `more`: there are others before these.

    `looked`: False where nothing of the kind stands behind it, or the reader may see none.
    """

    looked: bool = False
    events: tuple[Event, ...] = ()
    aside: tuple[Quarantined, ...] = ()
    more: bool = False


def asked_for(case: Case, scope: Scope, plan: Order | None, raised_at: datetime | None) -> Asked:
    """Return what to look for. `plan`: of its order; `raised_at`: when, by the real clock."""
    if not concerns(case, scope) or case.kind not in set(Condition):
        return Asked(until=case.raised_at)
    kind = Condition(case.kind)
    if kind in _ASIDE:
        return _in_quarantine(case, scope, kind, raised_at)
    subjects = _SUBJECTS.get(kind, _none)(case, plan)
    scrapped = kind is Condition.SCRAP and _sees(scope, case.site, case.subject)
    return Asked(
        subjects=tuple(one for one in dict.fromkeys(subjects) if _sees(scope, case.site, one)),
        units=(case.subject.removeprefix("work-unit/"),) if scrapped else (),
        since=_since(case, kind),
        until=case.raised_at,
    )


def _in_quarantine(case: Case, scope: Scope, kind: Condition, at: datetime | None) -> Asked:
    if at is None or not scope.may_see(case.site):
        return Asked(until=case.raised_at)
    over_s = case.values.get("over_s")
    before = timedelta(seconds=over_s) if isinstance(over_s, int | float) else AFTERWARDS
    after = AFTERWARDS if kind is Condition.LOG_GAP else timedelta(0)
    return Asked(until=case.raised_at, aside=(at - before, at + after), kind=_ASIDE[kind])


def _sees(scope: Scope, site: str, subject: str) -> bool:
    """Whether somebody may read events of a subject: of a part of the site only their own kind."""
    return scope.may_see(site) or subject.startswith(_KINDS.get(scope.role, ()))


def _since(case: Case, kind: Condition) -> datetime | None:
    since, over_s = case.values.get("state_since"), case.values.get("over_s")
    if kind is Condition.UNIT_STATE:
        return since if isinstance(since, datetime) else case.since
    if kind is Condition.SCRAP and isinstance(over_s, int | float):
        return case.raised_at - timedelta(seconds=over_s)
    return None


def _none(case: Case, plan: Order | None) -> tuple[str, ...]:
    return ()


def _itself(case: Case, plan: Order | None) -> tuple[str, ...]:
    return (case.subject,)


def _with_order(case: Case, plan: Order | None) -> tuple[str, ...]:
    return case.subject, f"order/{case.place.order}"


def _whole_order(case: Case, plan: Order | None) -> tuple[str, ...]:
    operations: Sequence[str] = [] if plan is None else [one.id for one in plan.operations]
    order = case.place.order
    return f"order/{order}", *(f"operation/{order}/{operation}" for operation in operations)


_SUBJECTS: Mapping[Condition, _Subjects] = MappingProxyType(
    {
        Condition.NOT_STARTED: _with_order,
        Condition.NOT_FINISHED: _with_order,
        Condition.PAST_DUE: _whole_order,
        Condition.MILESTONE_AT_RISK: _whole_order,
        Condition.UNIT_STATE: _itself,
        Condition.NOT_PROMISED: _with_order,
        Condition.NOT_SHIPPED: _with_order,
        Condition.NOT_RECEIVED: _with_order,
        Condition.PROMISED_LATE: _with_order,
    }
)
_ASIDE: Mapping[Condition, QuarantineKind | None] = MappingProxyType(
    {Condition.LOG_GAP: QuarantineKind.GAP, Condition.QUARANTINE: None}
)
# What those read who don't see all of a site: what walls show of the floor, and asked-for material.
_KINDS: Mapping[Role, tuple[str, ...]] = MappingProxyType(
    {Role.OPERATOR: ("work-unit/", "operation/"), Role.PURCHASER: ("need/",)}
)
