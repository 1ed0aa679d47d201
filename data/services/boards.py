"""What parties and people see of a site's orders: rows, disclosed to whoever asks.

The one way from a live board to anyone outside. Everything that is shown, pushed, exported or
answered to a party passes here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from data.domain.dates import Standing, Subject
from data.domain.disclosure import Row, Value, disclose
from data.domain.exceptions.audience import concerns
from data.domain.exceptions.records import Case
from data.domain.parties import PartyIndex, Relation, relations
from data.domain.policy import Kind, Policy
from data.domain.rows import Rows
from data.domain.scope import Role, Scope
from data.services.disclosures import Disclosures
from data.services.errors import Forbidden
from data.services.views import SiteView

Disclosed = dict[str, Value]

# By which of its relations a role looks at orders; who isn't in it looks at all of them.
_LOOKS_BY = {
    Role.SUPPLIER: (Relation.SUPPLIES, Relation.PERFORMS),
    Role.CUSTOMER: (Relation.BUYS,),
    Role.LOGISTICS: (Relation.SHIPS, Relation.PERFORMS),
}
_MAKES: dict[Kind, Callable[[Rows, Iterable[str]], Iterator[Row]]] = {
    Kind.ORDER: Rows.orders,
    Kind.OPERATION: Rows.operations,
    Kind.MILESTONE: Rows.milestones,
    Kind.NEED: Rows.needs,
}


class Agreed(Protocol):
    """What was said about one date."""

    @property
    def standing(self) -> Standing:
        """What stands after it."""


class Book(Protocol):
    """What customers and the factory said about milestones' dates."""

    def of(
        self, scope: Scope, site: str, orders: Sequence[str], now: datetime
    ) -> Mapping[Subject, Agreed]:
        """What had been said of orders by then."""


class Boards:
    """Discloses rows of live (or past) boards. `dates`: what milestones' rows are joined with."""

    def __init__(self, disclosures: Disclosures, dates: Book | None = None) -> None:
        self._disclosures = disclosures
        self._dates = dates

    def rows(
        self, scope: Scope, view: SiteView, parties: PartyIndex, kind: Kind,
        orders: Sequence[str] | None = None,
    ) -> list[Disclosed]:  # fmt: skip
        """Return the viewer's rows of one kind, of all its orders or of some of them.

        Raises: Forbidden, Unavailable.
        """
        eyes = self._disclosures.eyes(scope, view.site)
        if not eyes.policy.sees(kind):
            return []
        own = self.orders(scope, view, parties)
        known = set(own)
        wanted = own if orders is None else [order for order in orders if order in known]
        agreed = self._agreed(scope, view, wanted) if kind is Kind.MILESTONE else {}
        rows = Rows(board=view.board, facts=view.facts, now=view.now, dates=agreed)
        if kind is Kind.EXCEPTION:
            return disclose(rows.exceptions(_cases(scope, view), eyes.party), eyes)
        return disclose(_MAKES[kind](rows, wanted), eyes)

    def exceptions(self, scope: Scope, view: SiteView) -> dict[int, list[Disclosed]]:
        """Return the viewer's rows of exceptions by the number of each, which is never shown.

        Raises: Forbidden, Unavailable.
        """
        eyes = self._disclosures.eyes(scope, view.site)
        if not eyes.policy.sees(Kind.EXCEPTION) or not scope.may_see_rows(view.site):
            return {}
        rows = Rows(board=view.board, facts=view.facts, now=view.now, dates={})
        return {
            case.number: disclose(rows.exceptions([case], eyes.party), eyes)
            for case in _cases(scope, view)
        }

    def by_order(
        self, scope: Scope, view: SiteView, parties: PartyIndex,
        orders: Iterable[str] | None = None,
    ) -> dict[str, list[tuple[Kind, Disclosed]]]:  # fmt: skip
        """Return the viewer's rows of every kind by the id of their order, for what follows them.

        The ids are never shown as they are. Of orders that are none of its business it gets none.

        Raises: Forbidden, Unavailable.
        """
        eyes = self._disclosures.eyes(scope, view.site)
        own = self.orders(scope, view, parties)
        wanted = own if orders is None else sorted(set(own) & set(orders))
        rows = Rows(
            board=view.board,
            facts=view.facts,
            now=view.now,
            dates=self._agreed(scope, view, wanted),
        )
        kinds = [kind for kind in _MAKES if eyes.policy.sees(kind)]
        return {
            order: [
                (kind, fields)
                for kind in kinds
                for fields in disclose(_MAKES[kind](rows, [order]), eyes)
            ]
            for order in wanted
        }

    def policy(self, scope: Scope, view: SiteView) -> Policy:
        """Return by which policy the viewer's rows are disclosed now.

        Raises: Forbidden, Unavailable.
        """
        return self._disclosures.eyes(scope, view.site).policy

    def _agreed(
        self, scope: Scope, view: SiteView, orders: Sequence[str]
    ) -> dict[Subject, Standing]:
        if self._dates is None:
            return {}
        said = self._dates.of(scope, view.site, orders, view.now)
        return {subject: one.standing for subject, one in said.items()}

    def orders(self, scope: Scope, view: SiteView, parties: PartyIndex) -> list[str]:
        """Return the ids of the orders that a viewer's rows are of; never shown as they are.

        Raises: Forbidden.
        """
        if not scope.may_see_rows(view.site) and scope.role is not Role.FACTORY:
            raise Forbidden(view.site)
        if not scope.outside:
            return sorted(view.board.orders)
        return parties.orders(scope.party or "", *_LOOKS_BY[scope.role])

    def parties(self, role: Role, parties: PartyIndex) -> list[str]:
        """Return the parties that a role outside could look for, by id."""
        return parties.known(*_LOOKS_BY.get(role, ()))

    def concerns(self, scope: Scope, view: SiteView, order: str) -> bool:
        """Whether an order is any of the viewer's business."""
        state = view.board.orders.get(order)
        if state is None or state.plan is None or not scope.may_see_rows(view.site):
            return False
        how = relations(state.plan).get(scope.party or "", set())
        return not scope.outside or bool(how & set(_LOOKS_BY[scope.role]))


def _cases(scope: Scope, view: SiteView) -> Iterator[Case]:
    return (case for case in view.facts.exceptions.values() if concerns(case, scope))
