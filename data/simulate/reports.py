"""What the demo factory says: CloudEvents envelopes, as decoded JSON would give them.

Imported by `data.simulate` alone.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from data.domain.events import EventType, order_subject, site_subject
from data.domain.plan import Order
from data.domain.site import Site

Envelope = dict[str, Any]


class Source(StrEnum):
    """The systems of the plant that report."""

    MES = "urn:milepost:demo:mes"
    MACHINES = "urn:milepost:demo:machines"
    ERP = "urn:milepost:demo:erp"
    SUPPLIERS = "urn:milepost:demo:suppliers"


class Reporter:
    """Collects envelopes in the order of their time.

    An id is the run's name and a number with leading zeros, so that of two events of one
    instant the later one also has the greater id.
    """

    def __init__(self, run: str, timezone: str) -> None:
        self._run = run
        self._zone = ZoneInfo(timezone)
        self._count = 0
        self._pending: list[Envelope] = []

    def tell(
        self, source: Source, event: EventType, subject: str, at: float, data: dict[str, Any]
    ) -> None:
        """Report one event that happened at `at` (seconds since 1970)."""
        self._count += 1
        self._pending.append(
            {
                "specversion": "1.0",
                "id": f"{self._run}-{self._count:09d}",
                "source": source.value,
                "type": event.value,
                "subject": subject,
                "time": self.text(at),
                "data": data,
            }
        )

    def text(self, at: float) -> str:
        """Write an instant as the site would: local time with its offset."""
        return datetime.fromtimestamp(at, self._zone).isoformat(timespec="milliseconds")

    def tell_order(self, order: Order, at: float) -> None:
        """Report an order's plan."""
        document = {"order": _as_json(order)}
        self.tell(Source.ERP, EventType.PLAN_CHANGED, order_subject(order.id), at, document)

    def tell_site(self, site: Site, at: float) -> None:
        """Report the model of the site."""
        document = {"site": _as_json(site)}
        self.tell(Source.ERP, EventType.PLAN_CHANGED, site_subject(site.id), at, document)

    def take(self) -> list[Envelope]:
        """Hand over what was collected since the last time."""
        taken, self._pending = self._pending, []
        return taken


def _as_json(document: Order | Site) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def work_unit_of(envelope: Envelope) -> str | None:
    """Return the work unit that an envelope comes from; None when no machine says it."""
    kind, _, name = envelope["subject"].partition("/")
    if kind == "work-unit":
        return str(name)
    unit = envelope["data"].get("work_unit")
    return None if unit is None else str(unit)
