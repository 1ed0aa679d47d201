"""What is planned: orders with operations, milestones and material needs.

Pure; names after ISA-95 / B2MML. One order travels as one document in `plan.changed`.
"""

from datetime import datetime

from msgspec import Struct


class _Document(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """Plain data without cycles; a site holds 100,000 of them, so the collector skips them."""


class Operation(_Document, frozen=True):
    """One step of an order at a work center.

    Units: `run_time_s` seconds per unit, `setup_s` seconds once.
    `predecessors` are operation ids of the same order; None means the one listed before.
    """

    id: str
    work_center: str
    planned_start: datetime
    planned_finish: datetime
    name: str = ""
    run_time_s: float = 0.0
    setup_s: float = 0.0
    critical: bool = False
    work_unit: str | None = None
    performed_by: str | None = None  # party, when it is outsourced
    predecessors: tuple[str, ...] | None = None


class Milestone(_Document, frozen=True):
    """A key node of an order, reached when its operation completes."""

    id: str
    name: str
    operation: str
    baseline_at: datetime
    committed_at: datetime | None = None


class MaterialNeed(_Document, frozen=True):
    """A part that an operation needs from a supplier."""

    id: str
    part: str
    operation: str
    supplier: str
    quantity: int
    need_by: datetime
    name: str = ""


class Order(_Document, frozen=True):
    """A production order with its whole route."""

    id: str
    product: str
    quantity: int
    due_at: datetime
    area: str | None = None  # the line whose wall shows it
    family: str = ""
    customer: str | None = None
    shipped_by: str | None = None  # the logistics provider that takes it to the customer
    released_at: datetime | None = None
    cancelled: bool = False
    operations: tuple[Operation, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    needs: tuple[MaterialNeed, ...] = ()
