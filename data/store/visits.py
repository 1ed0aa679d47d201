"""When a viewer last looked at a board, and what it saw then, in SQL.

Imported by `app`, which hands it to `data.services.visits`.
"""

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from data.services.visits import Known
from data.store.history import answering
from data.store.people_tables import board_visit

_KEY = ("viewer", "site", "board")
_KEPT = ("at", "before_at", "seen", "before_seen")


class VisitStore:
    """The table of visits: a row for each viewer, site and board."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, viewer: str, site: str, board: str) -> Known | None:
        """Return what is known of a viewer's last visit."""
        table = board_visit.c
        query = select(*(table[name] for name in _KEPT)).where(
            table.viewer == viewer, table.site == site, table.board == board
        )
        with answering(), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Known(**row._mapping)

    def put(self, viewer: str, site: str, board: str, known: Known) -> None:
        """Remember a visit in the place of the one before."""
        values = {name: getattr(known, name) for name in _KEPT}
        made = insert(board_visit).values(viewer=viewer, site=site, board=board, **values)
        kept = made.on_conflict_do_update(index_elements=list(_KEY), set_=values)
        with answering(), self._engine.begin() as connection:
            connection.execute(kept)
