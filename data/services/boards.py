"""What parties and people see of a site's orders: rows, disclosed to whoever asks.

The one way from a live board to anyone outside. Everything that is shown, pushed, exported or
answered to a party passes here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from data.domain.disclosure import Row, Value, disclose
from data.domain.parties import PartyIndex, Relation, relations
from data.domain.policy import Kind
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


class Boards:
    """Discloses rows of live (or past) boards."""

    def __init__(self, disclosures: Disclosures) -> None:
        self._disclosures = disclosures

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
        wanted = own if orders is None else [order for order in orders if order in set(own)]
        rows = Rows(board=view.board, facts=view.facts, now=view.now)
        return disclose(_MAKES[kind](rows, wanted), eyes)

    def orders(self, scope: Scope, view: SiteView, parties: PartyIndex) -> list[str]:
        """Return the ids of the orders that a viewer's rows are of; never shown as they are.

        Raises: Forbidden.
        """
        if not scope.may_see_rows(view.site) and scope.role is not Role.FACTORY:
            raise Forbidden(view.site)
        if not scope.outside:
            return sorted(view.board.orders)
        return parties.orders(scope.party or "", *_LOOKS_BY[scope.role])

    def concerns(self, scope: Scope, view: SiteView, order: str) -> bool:
        """Whether an order is any of the viewer's business."""
        state = view.board.orders.get(order)
        if state is None or state.plan is None or not scope.may_see_rows(view.site):
            return False
        how = relations(state.plan).get(scope.party or "", set())
        return not scope.outside or bool(how & set(_LOOKS_BY[scope.role]))
