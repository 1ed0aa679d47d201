"""Envelopes of every type, sound or with one thing changed: for tests of what the door takes."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from data.domain.events import EventType
from data.domain.rules import RULES, Refusal, Refused, parse_event

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TIME = "2026-11-22T14:30:00+08:00"
PLANNED = "2026-11-23T08:00:00+08:00"

ORDER: dict[str, Any] = {
    "id": "SO-1",
    "product": "pump",
    "quantity": 5,
    "due_at": PLANNED,
    "operations": [
        {"id": "10", "work_center": "C", "planned_start": PLANNED, "planned_finish": PLANNED}
    ],
    "milestones": [{"id": "m", "name": "cast", "operation": "10", "baseline_at": PLANNED}],
    "needs": [
        {"id": "n", "part": "P", "operation": "10", "supplier": "S", "quantity": 2,
         "need_by": PLANNED}
    ],
}  # fmt: skip
MODEL: dict[str, Any] = {
    "id": "plant",
    "name": "Plant",
    "timezone": "Asia/Shanghai",
    "areas": [{"id": "A", "calendar": "K", "output": ["C"]}],
    "work_centers": [{"id": "C", "area": "A"}],
    "work_units": [{"id": "W1", "work_center": "C", "signal_limit_s": 30}],
    "calendars": [
        {
            "id": "K",
            "shifts": [
                {"name": "early", "start": "06:00", "finish": "14:00", "days": [1, 2],
                 "breaks": [{"start": "10:00", "finish": "10:30"}]},
                {"name": "night", "start": "22:00", "finish": "06:00",
                 "breaks": [{"start": "23:45", "finish": "00:15"}]},
                {"name": "day", "start": "00:00", "finish": "24:00"},
            ],
            "holidays": ["2026-12-25"],
        }
    ],
    "parties": [{"id": "S", "name": "Parts", "kind": "supplier"}],
    "clock": {"origin": TIME, "started_at": TIME, "rate": 60},
}  # fmt: skip
SUBJECTS = {
    "operation": "operation/SO-1/10",
    "need": "need/SO-1/n",
    "work-unit": "work-unit/W1",
    "order": "order/SO-1",
    "site": "site/plant",
}
SAID: dict[EventType, dict[str, Any]] = {
    EventType.OPERATION_STARTED: {"work_unit": "W1"},
    EventType.OPERATION_PROGRESSED: {"good": 2, "scrap": 1, "rework": 0},
    EventType.OPERATION_PAUSED: {"reason": "jam"},
    EventType.OPERATION_RESUMED: {},
    EventType.OPERATION_COMPLETED: {"good": 1},
    EventType.OPERATION_REOPENED: {"reason": "缺料\u3000返工"},
    EventType.WORK_UNIT_STATE_CHANGED: {"state": "down", "operation": "operation/SO-1/10"},
    EventType.MATERIAL_PROMISED: {"promised_at": PLANNED, "quantity": 2},
    EventType.MATERIAL_SHIPPED: {"quantity": 2, "dispatch_advice": "D1"},
    EventType.MATERIAL_RECEIVED: {"quantity": 2},
    EventType.QUALITY_INSPECTED: {"inspected": 3, "passed": 2, "scrap": 1},
    EventType.EVENT_VOIDED: {"event_id": "e0", "event_source": "mes", "reason": "typo"},
    EventType.PLAN_CHANGED: {"order": ORDER},
}
PROGRESSED = EventType.OPERATION_PROGRESSED
SHIPPED = EventType.MATERIAL_SHIPPED
STATE = EventType.WORK_UNIT_STATE_CHANGED
PROMISED = EventType.MATERIAL_PROMISED
INSPECTED = EventType.QUALITY_INSPECTED
VOIDED = EventType.EVENT_VOIDED
PLAN = EventType.PLAN_CHANGED


def envelope(event_type: EventType, **changed: Any) -> dict[str, Any]:
    kind = "order" if event_type is PLAN else RULES[event_type].kinds[0]
    return {
        "specversion": "1.0",
        "id": "e1",
        "source": "mes",
        "type": event_type.value,
        "subject": SUBJECTS[kind],
        "time": TIME,
        "data": copy.deepcopy(SAID[event_type]),
    } | changed


def refusal(given: Any) -> Refusal:
    with pytest.raises(Refused) as caught:
        parse_event(given, NOW)
    return caught.value.refusal


def with_data(event_type: EventType, **changed: Any) -> dict[str, Any]:
    return envelope(event_type, data=SAID[event_type] | changed)


def model_with(path: str, value: Any) -> dict[str, Any]:
    return envelope(PLAN, subject="site/plant", data={"site": put(MODEL, path, value)})


def order_with(path: str, value: Any) -> dict[str, Any]:
    return envelope(PLAN, data={"order": put(ORDER, path, value)})


def put(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(document)
    *way, last = [int(p) if p.isdigit() else p for p in path.split(".")]
    place = changed
    for step in way:
        place = place[step]
    if last == "+":
        place.append(value)
    else:
        place[last] = value
    return changed


def in_brackets(path: str) -> str:
    return "".join(f"[{p}]" if p.isdigit() else f".{p}" for p in path.split("."))
