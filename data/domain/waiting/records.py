"""The records that the analysis of waiting times takes and gives.

Pure; imported by `data.domain.waiting`, the delay ledger and services.
"""

from datetime import datetime, timedelta

from msgspec import Struct


class Execution(Struct, frozen=True):
    """One activity of one case as it ran on one resource."""

    case: str
    activity: str
    resource: str
    start: datetime
    end: datetime


class Waiting(Struct, frozen=True):
    """A wait split into its causes; the five add up to `total` exactly."""

    batching: timedelta = timedelta(0)
    contention: timedelta = timedelta(0)
    prioritization: timedelta = timedelta(0)
    unavailability: timedelta = timedelta(0)
    extraneous: timedelta = timedelta(0)

    @property
    def total(self) -> timedelta:
        """Return the whole wait."""
        return (
            self.batching
            + self.contention
            + self.prioritization
            + self.unavailability
            + self.extraneous
        )

    def __add__(self, other: "Waiting") -> "Waiting":
        return Waiting(
            self.batching + other.batching,
            self.contention + other.contention,
            self.prioritization + other.prioritization,
            self.unavailability + other.unavailability,
            self.extraneous + other.extraneous,
        )


class Handoff(Struct, frozen=True):
    """One execution that followed another, and how it waited in between."""

    source: Execution
    target: Execution
    waiting: Waiting
