"""Machines that speak MTConnect's SHDR: lines of text as progress events.

A line is `time|key|value|key|value…`, or one condition, `time|key|level|code|severity|
qualifier|text`. Which key means what stands in the device document. `docs/replay.md` has
the table of states. Imported by `data.connectors.mtconnect_listen` and `app.py`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from data.connectors.mtconnect_device import Counted, DataItem, Device, Machine, parse_devices
from data.domain.events import EventType, WorkUnitState, work_unit_subject

SOURCE = "mtconnect"
MAX_REASON = 200

Envelope = dict[str, Any]
OperationOf = Callable[[str], str | None]  # work unit -> subject of the operation on it
Unreadable = Callable[[str, str], None]  # the line, and why it can't be read

_MULTILINE = re.compile(r"--multiline--\w+")
_PIPE = re.compile(r"(?<!\\)\|")
_FINER = re.compile(r"(\.\d{6})\d+")


def no_operation(_work_unit: str) -> None:
    """Know of no operation on any work unit."""
    return


def ignore(_line: str, _reason: str) -> None:
    """Leave an unreadable line at that."""


def read_shdr(
    lines: Iterable[str],
    devices: bytes,
    work_unit_of: Mapping[str, str],
    operation_of: OperationOf = no_operation,
    unreadable: Unreadable = ignore,
) -> Iterator[Envelope]:
    """Yield the events of a recording or stream, one line after the other.

    Raises: DevicesError; KeyError when a device of `work_unit_of` isn't in the document.
    """
    reader = ShdrReader(devices, work_unit_of, operation_of, unreadable)
    for line in lines:
        yield from reader.read(line)


class ShdrReader:
    """Reads SHDR line by line and remembers what each machine said last."""

    def __init__(
        self,
        devices: bytes,
        work_unit_of: Mapping[str, str],
        operation_of: OperationOf = no_operation,
        unreadable: Unreadable = ignore,
    ) -> None:
        """Take the device document and the work unit of each device, by name or uuid.

        Keys without a device's name before them are the first one's.
        Raises: DevicesError; KeyError for a device that the document hasn't; ValueError for none.
        """
        if not work_unit_of:
            raise ValueError("no device is given a work unit")
        self._units = [
            _Unit(_device_named(parse_devices(devices), name), work_unit, operation_of)
            for name, work_unit in work_unit_of.items()
        ]
        self._unreadable = unreadable
        self._until: str | None = None  # what ends the asset that is being read

    @property
    def work_units(self) -> tuple[str, ...]:
        """Work units that the stream speaks of."""
        return tuple(unit.work_unit for unit in self._units)

    def read(self, line: str) -> list[Envelope]:
        """Return the events of one line; mostly there are none."""
        text = line.rstrip("\r\n")
        if self._until is not None:
            if text.strip() == self._until:
                self._until = None
            return []
        opening = _MULTILINE.search(text)
        if opening is not None:
            self._until = opening.group()
        if opening is not None or "|" not in text or text.startswith("*") or "|@" in text:
            return []  # assets, commands and PONG say nothing of states
        try:
            return self._observations(text)
        except ValueError as error:
            self._unreadable(text, str(error))
            return []

    def lose(self, at: datetime, reason: str) -> list[Envelope]:
        """Say that nothing is known any more: the connection is gone."""
        return [event for unit in self._units for event in unit.lose(at, reason)]

    def _observations(self, text: str) -> list[Envelope]:
        stamp, *fields = [part.replace("\\|", "|") for part in _PIPE.split(text)]
        at = _instant(stamp)
        counted: dict[int, Counted] = {}
        while fields:
            number, item = self._item(fields[0].strip())
            width = 1 if item is None else item.width
            if item is not None:
                parts = self._observe(number, item, fields[1 : 1 + width] or [""], text)
                before = counted.get(number, Counted())
                counted[number] = Counted(before.good + parts.good, before.scrap + parts.scrap)
            fields = fields[1 + width :]
        told = (self._units[number].tell(at, parts) for number, parts in counted.items())
        return [event for events in told for event in events]

    def _observe(self, number: int, item: DataItem, values: list[str], text: str) -> Counted:
        """Take one item in; a value that makes no sense leaves the rest of its line good."""
        try:
            return self._units[number].machine.observe(item, values)
        except ValueError as error:
            self._unreadable(text, f"{item.key}: {error}")
            return Counted()

    def _item(self, key: str) -> tuple[int, DataItem | None]:
        prefix, _, rest = key.partition(":")
        for number, unit in enumerate(self._units):
            if rest and prefix in (unit.machine.device.name, unit.machine.device.uuid):
                return number, unit.machine.device.items.get(rest)
        return 0, self._units[0].machine.device.items.get(key)


class _Unit:
    """One machine as a work unit: what it said last, and the names of its events."""

    def __init__(self, device: Device, work_unit: str, operation_of: OperationOf) -> None:
        self.machine = Machine(device)
        self.work_unit = work_unit
        self._operation_of = operation_of
        self._said: tuple[WorkUnitState, str | None] | None = None
        self._at: datetime | None = None
        self._nth = 0

    def tell(self, at: datetime, parts: Counted) -> Iterator[Envelope]:
        """Yield the events that follow from a line, only for what changed.

        A line older than the last event begins another recording: it says its state anew.
        """
        operation = self._operation_of(self.work_unit)
        state = self.machine.state()
        again = self._at is not None and at < self._at
        if state is not None and (state != self._said or again):
            self._said = state
            yield self._state_event(at, *state, operation)
        if operation is not None and (parts.good or parts.scrap):
            yield self._count_event(at, operation, parts)

    def lose(self, at: datetime, reason: str) -> Iterator[Envelope]:
        """Yield that the state is unknown, when it was known."""
        self.machine.lose()
        if self._said is not None and self._said[0] is not WorkUnitState.UNKNOWN:
            self._said = (WorkUnitState.UNKNOWN, reason)
            yield self._state_event(at, *self._said, None)

    def _state_event(
        self, at: datetime, state: WorkUnitState, reason: str | None, operation: str | None
    ) -> Envelope:
        shown = None if reason is None else _one_line(reason)
        data = {"state": state.value, "reason": shown, "operation": operation}
        told = {name: value for name, value in data.items() if value is not None}
        subject = work_unit_subject(self.work_unit)
        return self._event(EventType.WORK_UNIT_STATE_CHANGED, subject, at, state.value, told)

    def _count_event(self, at: datetime, operation: str, parts: Counted) -> Envelope:
        counts = {"good": parts.good, "scrap": parts.scrap}
        told = {name: number for name, number in counts.items() if number}
        data = {"work_unit": self.work_unit, **told}
        return self._event(EventType.OPERATION_PROGRESSED, operation, at, "parts", data)

    def _event(
        self, type_: EventType, subject: str, at: datetime, word: str, data: Envelope
    ) -> Envelope:
        """Make an envelope; ids of one instant sort in the order of the lines."""
        self._nth = self._nth + 1 if at == self._at else 0
        self._at = at
        return {
            "specversion": "1.0",
            "id": f"{self.machine.device.uuid[:80]}.{at.isoformat()}.{self._nth:04d}.{word}",
            "source": SOURCE,
            "type": type_.value,
            "subject": subject,
            "time": at.isoformat(),
            "data": data,
        }


def _device_named(devices: tuple[Device, ...], name: str) -> Device:
    for device in devices:
        if name in (device.name, device.uuid):
            return device
    known = ", ".join(device.name for device in devices)
    raise KeyError(f"no device '{name}' in the document; it has {known}")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_REASON]


def _instant(stamp: str) -> datetime:
    """Read a time stamp; after an `@` stands a duration, digits finer than µs are cut off."""
    text = _FINER.sub(r"\1", stamp.partition("@")[0].strip())
    if "T" not in text:
        raise ValueError(f"'{stamp}' isn't an ISO 8601 instant")
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
