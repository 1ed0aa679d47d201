"""Progress events: what happened on the floor, in the form the log keeps it.

The envelope is CloudEvents 1.0; `Data` is the union of what every type may carry.
Pure: imported by everything, imports nothing but the plan and the site it may carry.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from data.domain.plan import Order
from data.domain.site import Site


class EventType(StrEnum):
    """Every type the door accepts."""

    OPERATION_STARTED = "operation.started"
    OPERATION_PROGRESSED = "operation.progressed"
    OPERATION_PAUSED = "operation.paused"
    OPERATION_RESUMED = "operation.resumed"
    OPERATION_COMPLETED = "operation.completed"
    OPERATION_REOPENED = "operation.reopened"
    WORK_UNIT_STATE_CHANGED = "work_unit.state_changed"
    MATERIAL_PROMISED = "material.promised"
    MATERIAL_SHIPPED = "material.shipped"
    MATERIAL_RECEIVED = "material.received"
    QUALITY_INSPECTED = "quality.inspected"
    EVENT_VOIDED = "event.voided"
    PLAN_CHANGED = "plan.changed"


class WorkUnitState(StrEnum):
    """States of a work unit, as the active-period method groups them.

    Source: Roser, Nakano, Tanaka 2001. Active: processing to tool change.
    Inactive: starved, blocked, waiting for transport. The rest pauses the count.
    """

    PROCESSING = "processing"
    SETUP = "setup"
    DOWN = "down"
    REPAIR = "repair"
    MAINTENANCE = "maintenance"
    TOOL_CHANGE = "tool_change"
    STARVED = "starved"
    BLOCKED = "blocked"
    WAITING_FOR_TRANSPORT = "waiting_for_transport"
    OFF_SHIFT = "off_shift"
    UNKNOWN = "unknown"


class OperationStatus(StrEnum):
    """Where one operation stands."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"


class SubjectKind(StrEnum):
    """First part of a subject: what kind of thing the event is about."""

    OPERATION = "operation"
    WORK_UNIT = "work-unit"
    NEED = "need"
    ORDER = "order"
    SITE = "site"


class Data(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What an event says; each type uses some of these fields (`data.domain.rules`).

    Units: quantities are whole pieces (or whole units of the order) that this event adds.
    """

    work_unit: str | None = None
    good: int = 0
    scrap: int = 0
    rework: int = 0
    inspected: int = 0
    passed: int = 0
    state: WorkUnitState | None = None
    operation: str | None = None  # subject of the operation that a work unit works on
    reason: str | None = None
    quantity: int = 0
    promised_at: datetime | None = None
    dispatch_advice: str | None = None
    event_id: str | None = None  # event.voided: the identity of the event it undoes
    event_source: str | None = None
    order: Order | None = None
    site: Site | None = None


class Event(Struct, frozen=True, omit_defaults=True, gc=False):
    """One accepted progress event as it stands in the log.

    `time` is when it happened, `recorded_at` when Milepost had it; both aware, UTC.
    """

    id: str
    source: str
    type: EventType
    subject: str
    time: datetime
    recorded_at: datetime
    data: Data = field(default_factory=Data)


def operation_subject(order: str, operation: str) -> str:
    """Subject of one operation of one order."""
    return f"operation/{order}/{operation}"


def need_subject(order: str, need: str) -> str:
    """Subject of one material need of one order."""
    return f"need/{order}/{need}"


def work_unit_subject(work_unit: str) -> str:
    """Subject of one work unit."""
    return f"work-unit/{work_unit}"


def order_subject(order: str) -> str:
    """Subject of one order's plan."""
    return f"order/{order}"


def site_subject(site: str) -> str:
    """Subject of a site's own model (equipment, calendars, parties, clock)."""
    return f"site/{site}"


def subject_parts(subject: str) -> tuple[str, ...]:
    """Split a subject: `operation/SO-1/20` gives `("operation", "SO-1", "20")`."""
    return tuple(subject.split("/"))
