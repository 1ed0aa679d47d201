"""Rules: what is looked for, how bad it is, whose it is, who is told and when. Data, not code.

Pure. Imported by whoever evaluates, edits or shows rules. The usual ones are `usual.yaml` beside
this; a site's own changes are kept in SQL and stand above them.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from data.domain.exceptions.records import Severity
from data.domain.scope import Role


class Condition(StrEnum):
    """Kinds of conditions; what each `limit` means stands beside it."""

    NOT_STARTED = "operation_not_started"  # limit_s: working time beyond the planned start
    NOT_FINISHED = "operation_not_finished"  # limit_s: working time beyond the planned finish
    PAST_DUE = "forecast_past_due"  # limit_s: P80 beyond due; below_s: until it is normal again
    MILESTONE_AT_RISK = "milestone_at_risk"  # limit_s, below_s: P80 beyond what was committed
    UNIT_STATE = "work_unit_state"  # states, limit_s: working time in one of them
    NO_SIGNAL = "no_signal"  # limit_s: real time since a work unit's machine was last heard
    QUEUE = "queue"  # limit: operations that wait at a work center; below: until normal again
    SCRAP = (
        "scrap_ratio"  # limit, below: ratio; least: pieces counted; limit_s: over that last time
    )
    NOT_PROMISED = "material_not_promised"  # limit_s: time before the forecast need-by
    NOT_SHIPPED = "material_not_shipped"  # limit_s: the same
    NOT_RECEIVED = "material_not_received"  # limit_s: the same
    PROMISED_LATE = "material_promised_late"  # limit_s: promise beyond the forecast need-by
    BOTTLENECK_MOVED = "bottleneck_moved"  # limit_s: time since it stands beyond doubt elsewhere
    SCREEN_DARK = "screen_dark"  # limit_s: real time since a wall's screen was last heard
    READER_LAG = "reader_lag"  # limit_s: real time that a reader of the log is behind
    QUARANTINE = "quarantine_growing"  # limit: new entries within limit_s
    LOG_GAP = "log_gap"  # limit_s: real time for which a gap in the log goes on being said
    WAY_SHUT = "way_shut"  # limit_s: real time since a way out was shut, or since it has failed


class Level(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of an escalation: after so many working minutes without acknowledgement, whom.

    `ways`: names of configured ways out that are told as well (a robot of a chat group).
    """

    after_min: float
    role: Role
    ways: tuple[str, ...] = ()


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule. `id` is lower case words joined by hyphens; `name` says it to people, by locale.

    `owner`: the role whose it is. `levels`: who is told when nobody acknowledges, in order; the
    owner's on-call is told at once, through the preferences of each.
    `informs`: roles that may know of it besides (SUPPLIER, CUSTOMER, LOGISTICS: the parties it
    concerns, each through its disclosure). `ways`: told at once, as in `Level`.
    `below_s`, `below`: what holds goes on until it is back within these; `below` 0: the limit.
    `applies`: only to these, by field: area, work_center, work_unit, product, customer, supplier,
    critical ("true"). `by_cause`: grouped under the exception of its cause, when there is one.
    `expires_min`: closed by itself when normal for so long.
    """

    id: str
    condition: Condition
    severity: Severity
    owner: Role
    name: Mapping[str, str] = {}
    on: bool = True
    limit_s: float = 0.0
    below_s: float = 0.0
    limit: float = 0.0
    below: float = 0.0
    least: int = 0
    states: tuple[str, ...] = ()
    applies: Mapping[str, tuple[str, ...]] = {}
    levels: tuple[Level, ...] = ()
    informs: tuple[Role, ...] = ()
    ways: tuple[str, ...] = ()
    by_cause: bool = True
    expires_min: float = 720.0


class RuleError(ValueError):
    """A rule says something that can't be; the message names the rule, field and expectation."""
