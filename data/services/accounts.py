"""Accounts of orders: why one is late, the events that prove it, and the plans that it had.

Everything is worked out from the recorded events when it is asked for, so no page is older than
its events. What others did on the work units meanwhile is kept by `data.services.derivation`.
Imported by callbacks and the watch.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from data.domain.events import Event
from data.domain.ledger.account import delay_ledger
from data.domain.ledger.records import Ledger
from data.domain.plan import Order
from data.domain.scope import Scope
from data.domain.subjects import Identity, moment_of
from data.services.accounts_facts import Past, gather
from data.services.errors import Forbidden


class PlanVersion(Struct, frozen=True, kw_only=True):
    """One of the plans that an order had, numbered from 1 in order of time."""

    number: int
    at: datetime
    source: str
    order: Order


class Accounts:
    """What is asked of single orders."""

    def __init__(self, past: Past) -> None:
        self._past = past

    def ledger(
        self, scope: Scope, site: str, order_id: str, now: datetime,
        forecast_at: datetime | None = None,
    ) -> Ledger:  # fmt: skip
        """Account for an order's time as it was known at `now`.

        Raises: Forbidden when there is no such order or the scope may not see it; Unavailable.
        """
        _check(scope, site)
        with self._past.reading(site) as past:
            facts = gather(past, site, order_id, now)
        if facts is None:
            raise Forbidden(f"{site}/{order_id}")
        return delay_ledger(replace(facts, forecast_at=forecast_at))

    def events(self, scope: Scope, site: str, identities: Iterable[Identity]) -> list[Event]:
        """Return the events that these identities name, in order of time.

        Raises: Forbidden, Unavailable.
        """
        _check(scope, site)
        with self._past.reading(site) as past:
            return sorted(past.events(site, list(identities)), key=moment_of)

    def plan_versions(self, scope: Scope, site: str, order_id: str) -> tuple[PlanVersion, ...]:
        """Return the plans that an order had, the first first; none that was voided.

        Raises: Forbidden when there is no such order or the scope may not see it; Unavailable.
        """
        _check(scope, site)
        with self._past.reading(site) as past:
            told = sorted(past.plans(site, [order_id]), key=moment_of)
        if not told:
            raise Forbidden(f"{site}/{order_id}")
        return tuple(
            PlanVersion(number=number, at=event.time, source=event.source, order=plan)
            for number, event in enumerate(told, 1)
            if (plan := event.data.order) is not None
        )


def _check(scope: Scope, site: str) -> None:
    if not scope.may_see(site):
        raise Forbidden(site)
