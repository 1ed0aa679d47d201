"""Where a site's disclosure policy differs from the usual one, in SQL.

Imported by the wiring, which hands it to `data.services.disclosures`.
"""

from collections.abc import Mapping

from sqlalchemy import Engine, and_, delete, select
from sqlalchemy.dialects.postgresql import insert

from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.scope import Role, Scope
from data.store.people_tables import disclosure
from data.store.scoped import reading, whole, writing

Changes = Mapping[tuple[Kind, str], Treatment]
_KEY = ("site", "role", "party", "kind", "field")


class DisclosureStore:
    """The table of differences; those of a party come over those of its role."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def changes(self, site: str, role: Role, party: str | None) -> Changes:
        """Return how fields are treated otherwise than usual.

        What the program doesn't know any more is left out, and so as usual.
        """
        return self._said(site, role, party, "", party or "")

    def own(self, site: str, role: Role, party: str | None) -> Changes:
        """Return what is said for a role, or for one party alone."""
        return self._said(site, role, party, party or "")

    def _said(self, site: str, role: Role, party: str | None, *parties: str) -> Changes:
        table = disclosure.c
        query = (
            select(table.kind, table.field, table.treatment)
            .where(table.site == site, table.role == role, table.party.in_(parties))
            .order_by(table.party)
        )
        with reading(self._engine, _as(site, role, party)) as connection:
            rows = connection.execute(query).all()
        return {
            (Kind(kind), field): Treatment(treatment)
            for kind, field, treatment in rows
            if kind in set(Kind) and field in FIELDS[Kind(kind)]
        }

    def set(
        self,
        site: str,
        role: Role,
        party: str | None,
        changes: Mapping[tuple[Kind, str], Treatment | None],
    ) -> None:
        """Treat fields otherwise; None: as usual again."""
        own = {"site": site, "role": role, "party": party or ""}
        with writing(self._engine, whole(site)) as connection:
            for (kind, field), treatment in changes.items():
                key = own | {"kind": kind, "field": field}
                if treatment is None:
                    same = and_(*(disclosure.c[name] == key[name] for name in _KEY))
                    connection.execute(delete(disclosure).where(same))
                    continue
                made = insert(disclosure).values(key | {"treatment": treatment})
                connection.execute(
                    made.on_conflict_do_update(
                        index_elements=list(_KEY), set_={"treatment": treatment}
                    )
                )


def _as(site: str, role: Role, party: str | None) -> Scope:
    """Return the scope of whom a policy is for: a party learns no other's from it."""
    return whole(site) if party is None else Scope(role=role, sites=(site,), party=party)
