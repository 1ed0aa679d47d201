"""When a viewer last looked at a board, and what it saw then, in SQL.

Imported by the wiring, which hands it to `data.services.visits`.
"""

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from data.domain.scope import Scope
from data.services.visits import Known
from data.store.people_tables import board_visit
from data.store.scoped import reading, writing

_KEY = ("site", "party", "viewer", "board")
_KEPT = ("at", "before_at", "seen", "before_seen")


class VisitStore:
    """The table of visits: a row for each viewer, site and board."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, scope: Scope, viewer: str, site: str, board: str) -> Known | None:
        """Return what is known of a viewer's last visit."""
        table = board_visit.c
        query = select(*(table[name] for name in _KEPT)).where(
            table.viewer == viewer, table.site == site, table.board == board,
            table.party == _party(scope),
        )  # fmt: skip
        with reading(self._engine, scope) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Known(**row._mapping)

    def put(self, scope: Scope, viewer: str, site: str, board: str, known: Known) -> None:
        """Remember a visit in the place of the one before."""
        values = {name: getattr(known, name) for name in _KEPT}
        made = insert(board_visit).values(
            site=site, party=_party(scope), viewer=viewer, board=board, **values
        )
        kept = made.on_conflict_do_update(index_elements=list(_KEY), set_=values)
        with writing(self._engine, scope) as connection:
            connection.execute(kept)


def _party(scope: Scope) -> str:
    """Return whose the visits of a scope are; empty for the factory's own people."""
    return (scope.party or "") if scope.outside else ""
