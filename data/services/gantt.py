"""What a Gantt shows of a site: its board, and the recorded past where the window reaches back.

With the past out of reach the board is shown by itself, and the picture says so.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from data.domain.gantt.card import card_of, operation_card
from data.domain.gantt.picture import picture
from data.domain.gantt.records import GanttPicture, GanttView, Grouping, OperationCard
from data.domain.gantt.rows import PastOrder, PastPage, order_ids
from data.domain.plan import Order
from data.domain.scope import Scope
from data.domain.subjects import OperationState
from data.services.errors import Forbidden, Unavailable
from data.services.ports import KEEP
from data.services.views import SiteView

MOST_PAST = 400  # past orders whose bars stand in rows of work centers and work units


class GanttPast(Protocol):
    """What a Gantt asks of the recorded past."""

    def completed(
        self, site: str, view: GanttView, before: datetime, limit: int, offset: int
    ) -> PastPage:
        """Orders completed in a view's window before an instant, the last one first.

        Raises: Unavailable.
        """

    def order(self, site: str, order: str) -> PastOrder | None:
        """One completed order; None when there is no such.

        Raises: Unavailable.
        """


class PlanVersion(Protocol):
    """One version of an order's plan."""

    @property
    def order(self) -> Order:
        """The plan."""


class PlanVersions(Protocol):
    """Knows how an order was planned before."""

    def plan_versions(self, scope: Scope, site: str, order_id: str) -> Sequence[PlanVersion]:
        """Plans of an order, oldest first.

        Raises: Forbidden, Unavailable.
        """


class Gantts:
    """Makes pictures of the sites that a scope may see."""

    def __init__(self, past: GanttPast, versions: PlanVersions) -> None:
        self._past = past
        self._versions = versions

    def picture(self, scope: Scope, live: SiteView, view: GanttView) -> GanttPicture:
        """Return what a view shows of a site.

        Raises: Forbidden.
        """
        self._renew(scope, live)
        now = live.now
        ids = order_ids(live.indexes, view, now, now - KEEP)
        page = self._page(live, view, len(ids))
        return picture(live.indexes, view, now, ids, page, self._released(scope, live, view))

    def card(self, scope: Scope, live: SiteView, order: str, operation: str) -> OperationCard:
        """Return all about one operation.

        Raises: Forbidden, also when there is no such operation; Unavailable.
        """
        self._renew(scope, live)
        known = operation_card(live.indexes, live.facts.forecasts, order, operation)
        if known is not None:
            return known
        past = self._past.order(live.site, order)
        for step in past.plan.operations if past else ():
            if past is not None and step.id == operation:
                return card_of(past.plan, step, _state(past, step.id))
        raise Forbidden(f"{order}/{operation}")

    def _renew(self, scope: Scope, live: SiteView) -> None:
        if not scope.may_see(live.site):
            raise Forbidden(live.site)
        live.renew()
        live.indexes.gantt.renew(live.facts.forecasts)

    def _released(self, scope: Scope, live: SiteView, view: GanttView) -> Order | None:
        """Return the plan that the chosen order had first; None while it has it still."""
        if view.order is None or view.order not in live.indexes.gantt.plans:
            return None
        try:
            versions = self._versions.plan_versions(scope, live.site, view.order)
        except (Forbidden, Unavailable):
            return None
        return versions[0].order if len(versions) > 1 else None

    def _page(self, live: SiteView, view: GanttView, known: int) -> PastPage:
        before = live.now - KEEP
        if view.start >= before or view.late_only or view.chain_only:
            return PastPage()
        limit, offset = MOST_PAST, 0
        if view.by is Grouping.ORDER:
            limit = min(view.rows, max(0, view.first + view.rows - known))
            offset = max(0, view.first - known)
        try:
            return self._past.completed(live.site, view, before, limit, offset)
        except Unavailable:
            return PastPage(missing=True)


def _state(past: PastOrder, operation: str) -> OperationState:
    """Return a recorded operation as a state that cards are made of."""
    subject = f"operation/{past.plan.id}/{operation}"
    state = past.states.get(subject)
    return state if isinstance(state, OperationState) else OperationState(subject)
