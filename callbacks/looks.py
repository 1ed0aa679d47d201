"""Which rows a party's programs were given, for the audit trail.

Written before they are given. A program that asks all the time for what doesn't change is noted
once in ten minutes.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from data.domain.audit import Action
from data.domain.scope import Scope
from data.services.audit import Audit

NOTED_FOR_S = 600.0
MOST_REMEMBERED = 20_000


class Asker(Struct, frozen=True, kw_only=True):
    """Who asks: a key or whoever is signed in. `actor`: how the audit trail names them."""

    scope: Scope
    actor: str
    address: str = ""


class Looks:
    """Notes looks; remembers what was noted lately of whom."""

    def __init__(self, audit: Audit, clock: Callable[[], float] = time.monotonic) -> None:
        self._audit = audit
        self._clock = clock
        self._noted: dict[tuple[str, ...], tuple[float, object]] = {}

    def note(
        self, asker: Asker, site: str, subject: str, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Note what a party is about to be given; without rows, that a stream is opened.

        Raises: Unavailable; then it must not be given.
        """
        if not asker.scope.outside:
            return
        columns = sorted({name for row in rows or () for name in row})
        told = None if rows is None else {"columns": columns, "count": len(rows)}
        key = (asker.actor, asker.scope.key, site, subject)
        at, before = self._noted.get(key, (0.0, None))
        if rows is not None and before == told and self._clock() - at < NOTED_FOR_S:
            return
        self._audit.note(
            asker.actor, Action.SAW, subject, site=site, party=asker.scope.party,
            address=asker.address, detail=told,
        )  # fmt: skip
        while len(self._noted) >= MOST_REMEMBERED:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = (self._clock(), told)
