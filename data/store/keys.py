"""API keys in SQL: made, looked up, revoked. The secret itself is never stored.

Imported by the wiring, which hands it to `data.services.keys`.
"""

from datetime import datetime

from sqlalchemy import Engine, RowMapping, insert, select, update

from data.domain.scope import Role
from data.services.ports import StoredKey
from data.store.scoped import process
from data.store.tables import api_key


class KeyStore:
    """The table of API keys."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, key: StoredKey) -> None:
        """Store a new key."""
        with process(self._engine, writes=True) as connection:
            connection.execute(
                insert(api_key).values(
                    {name: getattr(key, name) for name in StoredKey.__struct_fields__}
                )
            )

    def find(self, prefix: str) -> StoredKey | None:
        """Return the key with this prefix."""
        query = select(api_key).where(api_key.c.prefix == prefix)
        with process(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _stored(row)

    def all(self) -> list[StoredKey]:
        """Return every key, oldest first."""
        query = select(api_key).order_by(api_key.c.created_at)
        with process(self._engine) as connection:
            return [_stored(row) for row in connection.execute(query).mappings()]

    def revoke(self, prefix: str, at: datetime) -> bool:
        """End a key; False when there is none that still works."""
        query = (
            update(api_key)
            .where(api_key.c.prefix == prefix, api_key.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        with process(self._engine, writes=True) as connection:
            return connection.execute(query).rowcount == 1


def _stored(row: RowMapping) -> StoredKey:
    return StoredKey(**{**row, "role": Role(row["role"])})
