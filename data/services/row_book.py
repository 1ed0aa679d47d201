"""One viewer's rows of a site, followed: what became of them since they were last looked at.

Costs by what changed, not by how much there is: the orders that changed are disclosed again, and
those in which only time moves in turns, all of them about once a minute.
"""

from collections.abc import Callable, Iterable, Sequence

from data.domain.changes import Changes
from data.domain.paging import subject
from data.domain.policy import Kind, Policy
from data.domain.scope import Scope
from data.domain.topics import CLOCK
from data.services.boards import Boards, Disclosed
from data.services.live import LiveSite

PIECE = 50  # orders disclosed at a stretch
TURNS = 12  # a turn with each heartbeat of five seconds

Named = dict[str, Disclosed]


class RowBook:
    """The rows of one scope, by what names them; rows without names can't be followed."""

    def __init__(self, boards: Boards, scope: Scope, live: LiveSite) -> None:
        self._boards = boards
        self._scope = scope
        self._live = live
        self._changes: Changes | None = None
        self._policy: Policy | None = None
        self._version = 0
        self._turn = 0
        self._rows: dict[str, Named] = {}
        self._ready: dict[str, Disclosed | None] = {}

    def warm(self, pause: Callable[[], None]) -> None:
        """Look at everything for the first time, a piece at a stretch; `moved` returns it then.

        Raises: Forbidden, Unavailable.
        """
        live = self._live
        live.renew()
        changes, policy = live.indexes.changes, self._boards.policy(self._scope, live)
        version = changes.version
        orders = self._boards.orders(self._scope, live, live.indexes.parties)
        for first in range(0, len(orders), PIECE):
            self._ready |= self._renewed(set(orders[first : first + PIECE]))
            pause()
        self._changes, self._policy, self._version = changes, policy, version

    def moved(self, topics: int) -> dict[str, Disclosed | None]:
        """Return the rows that are new or other than before; None for one that is gone.

        Raises: Forbidden, Unavailable; then nothing is lost, the next call returns it.
        """
        live = self._live
        live.renew()
        changes, policy = live.indexes.changes, self._boards.policy(self._scope, live)
        version = changes.version
        known = changes is self._changes and policy == self._policy
        changed = changes.since(self._version) if known else None
        orders = None if changed is None else {*changed, *self._in_turn(topics)}
        moved = self._ready | self._renewed(orders)
        self._changes, self._policy, self._version, self._ready = changes, policy, version, {}
        return moved

    def _in_turn(self, topics: int) -> Sequence[str]:
        """Return the orders whose turn it is to be looked at though nothing happened."""
        if not topics & CLOCK:
            return ()
        self._turn = (self._turn + 1) % TURNS
        return sorted(self._rows)[self._turn :: TURNS]

    def _renewed(self, orders: set[str] | None) -> dict[str, Disclosed | None]:
        live = self._live
        if orders is not None and not orders:
            return {}
        found = self._boards.by_order(self._scope, live, live.indexes.parties, orders)
        looked_at = {*self._rows, *found} if orders is None else orders
        moved: dict[str, Disclosed | None] = {}
        for order in looked_at:
            before, after = self._rows.get(order, {}), _named(found.get(order, ()))
            moved |= {name: None for name in before.keys() - after.keys()}
            moved |= {name: row for name, row in after.items() if before.get(name) != row}
            if after:
                self._rows[order] = after
            else:
                self._rows.pop(order, None)
        return moved


def _named(rows: Iterable[tuple[Kind, Disclosed]]) -> Named:
    named = ((subject(kind, row), row) for kind, row in rows)
    return {name: row for name, row in named if name is not None}
