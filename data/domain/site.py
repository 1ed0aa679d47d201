"""The site: equipment hierarchy (ISA-95), calendars, parties and its clock.

Pure. A site travels as one document in `plan.changed` with subject `site/<id>`.
Work units stand in the order in which the line flows.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class PartyKind(StrEnum):
    """Role of a party in the chain."""

    FACTORY = "factory"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    LOGISTICS = "logistics"


class Party(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A supplier, customer, logistics provider, or the factory itself."""

    id: str
    name: str
    kind: PartyKind


class Break(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pause within a shift; local time `HH:MM`."""

    start: str
    finish: str


class Shift(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A shift; local time `HH:MM`, a finish not after the start is on the next day.

    `days` are ISO weekdays (1 is Monday) on which the shift starts.
    """

    name: str
    start: str
    finish: str
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    breaks: tuple[Break, ...] = ()


class Calendar(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Shifts of a week and the dates (`YYYY-MM-DD`) on which none starts."""

    id: str
    shifts: tuple[Shift, ...]
    holidays: tuple[str, ...] = ()


class WorkUnit(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One machine or bench. `signal_limit_s`: its signal is stale after that; None: it has none."""

    id: str
    work_center: str
    name: str = ""
    signal_limit_s: float | None = None


class WorkCenter(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A group of like work units of one area."""

    id: str
    area: str
    name: str = ""


class Area(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line. Pieces count as its output when good at one of the `output` work centers."""

    id: str
    calendar: str
    name: str = ""
    output: tuple[str, ...] = ()


class SiteClock(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the site's now follows the real one: `origin + rate * (real - started_at)`.

    A replayed log has its own; it stands still at `ends_at`.
    """

    origin: datetime
    started_at: datetime
    rate: float = 1.0
    ends_at: datetime | None = None

    def at(self, real: datetime) -> datetime:
        """Site time at the real instant `real`."""
        elapsed_s = max(0.0, (real - self.started_at).total_seconds())
        site = self.origin + timedelta(seconds=elapsed_s * self.rate)
        return site if self.ends_at is None else min(site, self.ends_at)


class Site(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One factory: what stands there, when it works, who it deals with."""

    id: str
    name: str
    timezone: str = "UTC"
    areas: tuple[Area, ...] = ()
    work_centers: tuple[WorkCenter, ...] = ()
    work_units: tuple[WorkUnit, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    parties: tuple[Party, ...] = ()
    clock: SiteClock | None = None

    def now(self, real: datetime) -> datetime:
        """Return the site's own now at the real instant `real`."""
        return real if self.clock is None else self.clock.at(real)
