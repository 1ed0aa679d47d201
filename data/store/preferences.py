"""What people want to be told and who is on duty, in SQL; and who there is to tell.

Imported by the wiring, which hands it to the notifier and to the pages on which people say so.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.postgresql import insert

from data.domain.people import Account
from data.domain.preferences import Duty, Preference
from data.domain.scope import Role
from data.store.delivery_tables import duty, notice_preference
from data.store.people_tables import account
from data.store.scoped import process

_TOLD = ("id", "login", "name", "role", "sites", "party", "created_at", "disabled_at")


class PreferenceStore:
    """Preferences and rosters. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self) -> list[Account]:
        """Return everybody by login, without how they sign in."""
        query = select(*(account.c[name] for name in _TOLD)).order_by(account.c.login)
        with process(self._engine) as connection:
            rows = connection.execute(query).mappings()
            return [msgspec.convert({n: row[n] for n in _TOLD}, Account) for row in rows]

    def preferences(self) -> dict[str, Preference]:
        """Return what was said, by account."""
        query = select(notice_preference.c.document)
        with process(self._engine) as connection:
            found = [
                msgspec.convert(document, Preference)
                for document in connection.execute(query).scalars()
            ]
        return {one.account: one for one in found}

    def preference(self, of: str) -> Preference | None:
        """Return what one account said."""
        query = select(notice_preference.c.document).where(notice_preference.c.account == of)
        with process(self._engine) as connection:
            document = connection.execute(query).scalar()
        return None if document is None else msgspec.convert(document, Preference)

    def keep_preference(self, said: Preference) -> None:
        """Keep what an account says from now on."""
        document = msgspec.to_builtins(said)
        made = insert(notice_preference).values(account=said.account, document=document)
        made = made.on_conflict_do_update(index_elements=["account"], set_={"document": document})
        with process(self._engine, writes=True) as connection:
            connection.execute(made)

    def duties(self, site: str) -> list[Duty]:
        """Return a site's roster, by role, area, shift and account."""
        columns = (duty.c.role, duty.c.area, duty.c.shift, duty.c.account)
        query = select(*columns).where(duty.c.site == site).order_by(*columns)
        with process(self._engine) as connection:
            return [
                Duty(site=site, role=Role(role), area=area, shift=shift, account=one)
                for role, area, shift, one in connection.execute(query)
            ]

    def keep_duties(self, site: str, duties: Sequence[Duty]) -> None:
        """Put a roster in the place of the site's."""
        rows = [{name: getattr(one, name) for name in duty.c.keys()} for one in duties]  # noqa: SIM118
        with process(self._engine, writes=True) as connection:
            connection.execute(delete(duty).where(duty.c.site == site))
            if rows:
                connection.execute(insert(duty).values(rows))
