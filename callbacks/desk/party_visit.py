"""A party's visit of its own board: rows as they are disclosed to it, and nothing else.

Pages for parties are given a `PartyVisit` by the shell, never a board: what they can't reach
they can't show. Every look at rows is written down in the audit trail before it is shown.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from callbacks.desk.visit import Given
from callbacks.gate import Viewer
from data.domain.audit import Action
from data.domain.policy import Kind
from data.services.audit import Audit
from data.services.boards import Boards, Disclosed
from data.services.live import LiveSite
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import Address

NOTED_FOR_S = 600.0
MOST_REMEMBERED = 20_000


class PartyVisit(Given, frozen=True, kw_only=True):
    """What a party's page needs to draw itself.

    `rows`: what is disclosed of one kind; `csrf`: the token of forms; `actor` and `address`: who
    looks, as the audit trail names them; `exported`: to be called with what a file will hold.
    """

    site_name: str
    actor: str
    name: str
    address: str
    csrf: str
    log_connected: bool
    rows: Callable[[Kind], list[Disclosed]]
    exported: Callable[[Sequence[Sheet]], None]
    at: None = None


class Asking(Struct, frozen=True, kw_only=True):
    """Who looks, from where, with which proof that its forms are ours."""

    viewer: Viewer
    address: str
    csrf: str


class PartyVisits:
    """Makes visits of parties; remembers what was noted lately of whom."""

    def __init__(
        self, boards: Boards, audit: Audit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._boards = boards
        self._audit = audit
        self._clock = clock
        self._noted: dict[tuple[str, ...], tuple[float, object]] = {}

    def visit(
        self, page: str, asking: Asking, live: LiveSite, here: Address, t: Translator, theme: str
    ) -> PartyVisit:
        """Return the visit of a page; `live` stays behind it.

        Raises: Forbidden, Unavailable.
        """
        live.renew()
        model, scope = live.board.site, asking.viewer.scope

        def rows(kind: Kind) -> list[Disclosed]:
            found = self._boards.rows(scope, live, live.indexes.parties, kind)
            self._saw(asking, live.site, page, kind, found)
            return found

        def exported(sheets: Sequence[Sheet]) -> None:
            told = {"columns": [c.key for one in sheets for c in one.columns],
                    "count": sum(len(one.rows) for one in sheets)}  # fmt: skip
            self._note(asking, Action.EXPORTED, page, live.site, told)

        return PartyVisit(
            scope=scope,
            site=live.site,
            site_name=model.name,
            now=live.now,
            timezone=model.timezone,
            t=t,
            theme=theme,
            path=here.path,
            query=here.query,
            variables=here.variables,
            actor=asking.viewer.actor,
            name=asking.viewer.name,
            address=asking.address,
            csrf=asking.csrf,
            log_connected=live.readers().log_connected,
            rows=rows,
            exported=exported,
        )

    def _saw(
        self, asking: Asking, site: str, page: str, kind: Kind, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Note a look; the same rows once in ten minutes, however often they are drawn anew."""
        columns = sorted({name for row in rows for name in row})
        told = {"kind": kind.value, "columns": columns, "count": len(rows)}
        key = (asking.viewer.actor, asking.viewer.scope.key, site, page, kind.value)
        at, before = self._noted.get(key, (0.0, None))
        if before == told and self._clock() - at < NOTED_FOR_S:
            return
        self._note(asking, Action.SAW, page, site, told)
        while len(self._noted) >= MOST_REMEMBERED:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = (self._clock(), told)

    def _note(
        self, asking: Asking, action: Action, page: str, site: str, told: dict[str, Any]
    ) -> None:
        self._audit.note(
            asking.viewer.actor, action, page, site=site, party=asking.viewer.scope.party,
            address=asking.address, detail=told,
        )  # fmt: skip
