"""Which orders concern which party, and how: it supplies, performs, buys, ships.

Pure. Kept up to date by naming the orders that changed, like the other indexes of a board.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from data.domain.board import Board
from data.domain.plan import Order

_NONE: frozenset[str] = frozenset()


class Relation(StrEnum):
    """What a party has to do with an order."""

    SUPPLIES = "supplies"
    PERFORMS = "performs"
    BUYS = "buys"
    SHIPS = "ships"


def relations(plan: Order) -> dict[str, set[Relation]]:
    """Return the parties of an order, and what each does for it."""
    found: dict[str, set[Relation]] = {}
    for need in plan.needs:
        found.setdefault(need.supplier, set()).add(Relation.SUPPLIES)
    for operation in plan.operations:
        if operation.performed_by is not None:
            found.setdefault(operation.performed_by, set()).add(Relation.PERFORMS)
    if plan.customer is not None:
        found.setdefault(plan.customer, set()).add(Relation.BUYS)
    if plan.shipped_by is not None:
        found.setdefault(plan.shipped_by, set()).add(Relation.SHIPS)
    return found


class PartyIndex:
    """The orders of each party. An order that changes hands concerns both sides once more."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._orders: dict[str, dict[str, set[Relation]]] = {}
        self._parties: dict[str, frozenset[str]] = {}
        self.renew(board.orders)

    def renew(self, orders: Iterable[str]) -> frozenset[str]:
        """Take over orders in which something happened; return whom it concerns."""
        concerned: set[str] = set()
        for order in orders:
            before = self._parties.get(order, _NONE)
            found = self._relations(order)
            for party in before - found.keys():
                del self._orders[party][order]
            for party, how in found.items():
                self._orders.setdefault(party, {})[order] = how
            self._parties[order] = frozenset(found)
            if not found:
                del self._parties[order]
            concerned |= before | found.keys()
        return frozenset(concerned)

    def of(self, order: str) -> frozenset[str]:
        """Return the parties of an order."""
        return self._parties.get(order, _NONE)

    def orders(self, party: str, *how: Relation) -> list[str]:
        """Return the orders of a party, of one of these relations or of any, by id."""
        known: Mapping[str, set[Relation]] = self._orders.get(party, {})
        wanted = set(how or Relation)
        return sorted(order for order, found in known.items() if found & wanted)

    def known(self, *how: Relation) -> list[str]:
        """Return the parties that have an order by one of these relations, by id."""
        wanted = set(how)
        return sorted(
            party
            for party, orders in self._orders.items()
            if any(found & wanted for found in orders.values())
        )

    def _relations(self, order: str) -> dict[str, set[Relation]]:
        state = self._board.orders.get(order)
        plan = None if state is None else state.plan
        return {} if plan is None or plan.cancelled else relations(plan)
