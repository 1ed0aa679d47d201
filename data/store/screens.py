"""Browsers on walls in SQL.

Imported by the wiring, which hands it to `data.services.screens`. Tokens and codes are kept as
hashes.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, delete, insert, select, update

from data.domain.screens import ScreenDevice
from data.store.people_tables import screen_device
from data.store.scoped import process

_own = screen_device.c
_WAITS = and_(_own.enrolled_at.is_(None), _own.revoked_at.is_(None))
_SHOWS = and_(_own.enrolled_at.is_not(None), _own.revoked_at.is_(None))


class ScreenStore:
    """The table of screens."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, device: ScreenDevice) -> None:
        """Store a browser that asks to be let in."""
        values = {name: getattr(device, name) for name in device.__struct_fields__}
        self._write(insert(screen_device).values(values))

    def by_token(self, token_hash: bytes) -> ScreenDevice | None:
        """Find by token, whatever became of it."""
        return self._one(_own.token_hash == token_hash)

    def by_code(self, code_hash: bytes, since: datetime) -> ScreenDevice | None:
        """Find a browser that waits with a code that it has had since an instant at most."""
        return self._one(and_(_WAITS, _own.code_hash == code_hash, _own.asked_at >= since))

    def renew(self, device: str, code_hash: bytes, at: datetime) -> None:
        """Give a browser that waits another code."""
        waiting = update(screen_device).where(_WAITS, _own.id == device)
        self._write(waiting.values(code_hash=code_hash, asked_at=at, seen_at=at))

    def enrol(
        self, device: str, code_hash: bytes, site: str, screen: str, by: str, at: datetime
    ) -> bool:
        """Let a browser in, once; False when its code isn't that any more."""
        waiting = update(screen_device).where(
            _WAITS, _own.id == device, _own.code_hash == code_hash
        )
        known = waiting.values(
            site=site, screen=screen, code_hash=None, enrolled_by=by, enrolled_at=at, seen_at=at
        )
        return self._write(known) == 1

    def touch(self, device: str, at: datetime) -> None:
        """Note that it is in use."""
        self._write(update(screen_device).where(_own.id == device).values(seen_at=at))

    def note_version(self, device: str, version: str) -> None:
        """Note which version it was given."""
        self._write(update(screen_device).where(_own.id == device).values(version=version))

    def by_id(self, device: str) -> ScreenDevice | None:
        """Find one that was let in."""
        return self._one(and_(_SHOWS, _own.id == device))

    def enrolled(self, sites: Collection[str]) -> list[ScreenDevice]:
        """Return those that show screens of the sites, by screen."""
        query = (
            select(screen_device)
            .where(_SHOWS, _own.site.in_(sites))
            .order_by(_own.screen, _own.enrolled_at)
        )
        with process(self._engine) as connection:
            return [ScreenDevice(**row) for row in connection.execute(query).mappings()]

    def revoke(self, device: str, at: datetime) -> bool:
        """Keep one out from now on; False when none such was in."""
        shown = update(screen_device).where(_SHOWS, _own.id == device)
        return self._write(shown.values(revoked_at=at)) == 1

    def forget(self, before: datetime) -> None:
        """Drop those that asked long ago and were never let in."""
        self._write(delete(screen_device).where(_WAITS, _own.asked_at < before))

    def _one(self, condition: Any) -> ScreenDevice | None:
        query = select(screen_device).where(condition).limit(1)
        with process(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else ScreenDevice(**row)

    def _write(self, statement: Any) -> int:
        with process(self._engine, writes=True) as connection:
            return connection.execute(statement).rowcount
