"""The values that a finding of each condition carries: what its words are made of.

Pure. Whoever words an exception takes names from here alone; a test holds every finding to this
table. Which rule it is, the place, `since`, the cause and the parties stand in the finding
itself. A value is None where it isn't known.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from data.domain.exceptions.records import Value
from data.domain.exceptions.rules import Condition

_OPERATION = {
    "operation": "str: its id in the order (place.order)",
    "operation_name": "str: its name, may be empty",
    "product": "str",
    "quantity": "int: pieces of the order",
    "customer": "str or None",
    "critical": "bool: others wait for it",
    "performed_by": "str or None: the party that does it outside",
    "planned_at": "datetime: by plan",
    "limit_s": "float: working time that the rule allows beyond it",
}
_PROMISE = {
    "product": "str",
    "quantity": "int: pieces of the order",
    "customer": "str or None",
    "due_at": "datetime: what was promised: the order's due date, the milestone's commitment",
    "p50_at": "datetime or None: as likely before as after; never before now",
    "p80_at": "datetime or None: by then in four cases of five; None: there is no forecast",
    "limit_s": "float: how far beyond due_at P80 may lie",
}
_NEED = {
    "need": "str: its id in the order",
    "part": "str",
    "name": "str: the part's name, may be empty",
    "supplier": "str",
    "quantity": "int: how much is needed",
    "operation": "str: the operation that needs it",
    "product": "str: what it is for",
    "need_by": "datetime: when it is needed, by the forecast where there is one",
    "planned_by": "datetime: when it is needed by plan",
    "promised_at": "datetime or None",
    "shipped": "int",
    "received": "int",
    "limit_s": "float: how long before need_by it must be promised, shipped or there;"
    " for a late promise: how far beyond need_by it may lie",
}

VALUES: Mapping[Condition, Mapping[str, str]] = MappingProxyType(
    {
        Condition.NOT_STARTED: _OPERATION,
        Condition.NOT_FINISHED: {**_OPERATION, "started_at": "datetime or None: not begun"},
        Condition.PAST_DUE: _PROMISE,
        Condition.MILESTONE_AT_RISK: {
            **_PROMISE,
            "milestone": "str: its id in the order",
            "milestone_name": "str",
            "operation": "str: the operation that reaches it",
        },
        Condition.UNIT_STATE: {
            "state": "str: a WorkUnitState",
            "state_since": "datetime: since when it is in one of the rule's states",
            "reason": "str or None: as it was reported",
            "operation": "str or None: subject of what it works on",
            "limit_s": "float: working time that the rule allows",
        },
        Condition.NO_SIGNAL: {
            "heard_at": "datetime: the real instant at which it was last heard",
            "limit_s": "float: seconds of the real clock",
        },
        Condition.QUEUE: {
            "waiting": "int: operations that could start and haven't",
            "pieces": "int: of their orders",
            "longest_since": "datetime: since when the first of them waits",
            "limit": "float: how many may wait",
        },
        Condition.SCRAP: {
            "ratio": "float: scrap of all pieces, 0..1",
            "scrap": "int: pieces",
            "pieces": "int: good, scrap and rework",
            "limit": "float: the ratio that is allowed",
            "over_s": "float: counted over so much time, in whole quarters of an hour",
        },
        Condition.NOT_PROMISED: _NEED,
        Condition.NOT_SHIPPED: _NEED,
        Condition.NOT_RECEIVED: _NEED,
        Condition.PROMISED_LATE: _NEED,
        Condition.BOTTLENECK_MOVED: {
            "before": "str: the work unit that held the line up before",
            "after": "str: the work unit that does now, beyond doubt",
            "moved_at": "datetime: the start of the first shift after the last one of `before`",
            "share": "float or None: share of today's time that `after` held the line up",
            "limit_s": "float: how long it must have stood elsewhere",
        },
        Condition.SCREEN_DARK: {
            "screen": "str: its name",
            "seen_at": "datetime: the real instant at which it was last heard",
            "limit_s": "float: seconds of the real clock",
        },
        Condition.READER_LAG: {
            "reader": "str: recorder or watch",
            "lag_s": "float: how long ago it was last up to date, by the real clock",
            "limit_s": "float",
        },
        Condition.QUARANTINE: {
            "entries": "int: new ones within over_s",
            "limit": "float: how many may come",
            "over_s": "float: seconds of the real clock",
        },
        Condition.LOG_GAP: {
            "place": "str or None: in the log, up to which everything is recorded",
            "recorded_at": "datetime or None: the real instant at which the entry there came in",
            "until_at": "datetime: the real instant by which what vanished had come in",
            "put_back": "int: events that had vanished and are in the log again",
            "events": "str: their ids, the first of them; empty: none was put back",
            "limit_s": "float: seconds of the real clock",
        },
        Condition.WAY_SHUT: {
            "way": "str: its name in the configuration",
            "shut": "bool: the far side says that it is gone; else it fails again and again",
            "addresses": "int: how many of its addresses take nothing; 0: it does altogether",
            "reason": "str: what the far side answered",
            "failing_since": "datetime: the real instant since when",
            "limit_s": "float: seconds of the real clock",
        },
    }
)

# What must have moved by so much before anybody is told of it; of all others any change counts.
_FORECAST_S, _HEARD_S = 1800.0, float("inf")
MATERIAL: Mapping[str, float] = MappingProxyType(
    {
        "p50_at": _FORECAST_S,
        "p80_at": _FORECAST_S,
        "need_by": _FORECAST_S,
        "heard_at": _HEARD_S,
        "seen_at": _HEARD_S,
        "state_since": _HEARD_S,
        "longest_since": _HEARD_S,
        "lag_s": 60.0,
        "waiting": 2.0,
        "pieces": float("inf"),
        "scrap": 5.0,
        "ratio": 0.01,
        "share": 0.05,
        "entries": 10.0,
        "limit": 0.0,
    }
)


def differs(told: Mapping[str, Value], now: Mapping[str, Value]) -> bool:
    """Whether values differ so much from those that were told that people would want to know."""
    return told.keys() != now.keys() or any(
        _moved(name, value, now[name]) for name, value in told.items()
    )


def _moved(name: str, before: Value, after: Value) -> bool:
    if before == after:
        return False
    least = MATERIAL.get(name)
    if least is None or before is None or after is None:
        return True
    if isinstance(before, datetime) and isinstance(after, datetime):
        return abs((after - before).total_seconds()) >= least
    if isinstance(before, int | float) and isinstance(after, int | float):
        return abs(after - before) >= least
    return True
