"""What an MTConnect device says of itself, and the work-unit state that it amounts to.

Source: MTConnect Standard 2.x, Device and Observation Information Models, enumerations
ExecutionEnum, AvailabilityEnum, EmergencyStopEnum, FunctionalModeEnum, ControllerModeEnum
and Condition states (model.mtconnect.org). Imported by `data.connectors.mtconnect`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from msgspec import Struct

from data.domain.events import WorkUnitState as State

UNAVAILABLE = "UNAVAILABLE"

# What an execution means. READY is "currently idle": the standard doesn't tell whether for
# want of work or of room, so it counts as starved, the inactive state, and says its own word.
EXECUTION: dict[str, State] = {
    "ACTIVE": State.PROCESSING,
    "WAIT": State.PROCESSING,  # resumes by itself once a secondary operation is done
    "READY": State.STARVED,
    "PROGRAM_COMPLETED": State.STARVED,
    "INTERRUPTED": State.DOWN,  # these need someone to act before work goes on
    "FEED_HOLD": State.DOWN,
    "STOPPED": State.DOWN,
    "PROGRAM_STOPPED": State.DOWN,
    "OPTIONAL_STOP": State.DOWN,
    "PROGRAM_OPTIONAL_STOP": State.DOWN,  # its name before 1.4
}
FUNCTIONAL_MODE = {
    "SETUP": State.SETUP,
    "TEARDOWN": State.SETUP,
    "MAINTENANCE": State.MAINTENANCE,
}
BY_HAND = frozenset({"MANUAL", "MANUAL_DATA_INPUT", "EDIT"})  # controller modes of a setter
# Of several paths the one that is busiest speaks for the machine, a stopped one before an idle.
_LOUDEST = (State.PROCESSING, State.DOWN, State.STARVED)

_WATCHED = frozenset(
    {
        "AVAILABILITY",
        "EXECUTION",
        "CONTROLLER_MODE",
        "FUNCTIONAL_MODE",
        "EMERGENCY_STOP",
        "PART_COUNT",
    }
)
_GOOD = frozenset({"", "ALL", "GOOD", "COMPLETE"})
_SCRAP = frozenset({"BAD", "FAILED"})


class DevicesError(ValueError):
    """A device file can't be read."""


class DataItem(Struct, frozen=True, kw_only=True):
    """One thing a device tells; `width` is how many fields it takes in a line of SHDR."""

    key: str
    category: str
    type: str
    subtype: str
    width: int


class Device(Struct, frozen=True, kw_only=True):
    """A machine, and its data items by the keys by which a line may name them."""

    name: str
    uuid: str
    items: Mapping[str, DataItem]


class Counted(Struct, frozen=True):
    """Parts that a counter moved on by."""

    good: int = 0
    scrap: int = 0


def parse_devices(xml: bytes) -> tuple[Device, ...]:
    """Read the devices of an MTConnectDevices document.

    Raises: DevicesError; entity declarations and other tricks of XML are refused.
    """
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise DevicesError(f"isn't a device document: {error}") from None
    devices = tuple(_device(element) for element in root.iter() if _tag(element) == "Device")
    if not devices:
        raise DevicesError("holds no Device")
    return devices


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _device(element: Any) -> Device:
    items: dict[str, DataItem] = {}
    for item in _items(element):
        for key in (item.get("id"), item.get("name")):
            if key:
                items[key] = _item(item)
    name = element.get("name") or element.get("id") or ""
    return Device(name=name, uuid=element.get("uuid") or name, items=items)


def _items(element: Any) -> Iterator[Any]:
    return (child for child in element.iter() if _tag(child) == "DataItem")


def _item(element: Any) -> DataItem:
    category = element.get("category", "").upper()
    type_ = element.get("type", "").upper()
    return DataItem(
        key=element.get("name") or element.get("id") or "",
        category=category,
        type=type_,
        subtype=element.get("subType", "").upper(),
        width=_width(category, type_, element.get("representation", "")),
    )


def _width(category: str, type_: str, representation: str) -> int:
    if category == "CONDITION" or type_ == "ALARM":
        return 5
    if representation == "TIME_SERIES":
        return 3
    return 2 if type_ == "MESSAGE" else 1


class Machine:
    """The latest observations of one device."""

    def __init__(self, device: Device) -> None:
        """Begin with nothing observed."""
        self.device = device
        self._values: dict[str, dict[str, str]] = {}  # type of item, key -> value
        self._faults: dict[tuple[str, str], str] = {}  # condition, its code -> what it says
        self._counters: dict[str, int] = {}

    def lose(self) -> None:
        """Forget what was observed, as when the connection is lost; counters stay."""
        self._values.clear()
        self._faults.clear()

    def observe(self, item: DataItem, fields: list[str]) -> Counted:
        """Take an observation in; return the parts it counts.

        Raises: ValueError for a part count that isn't a whole number.
        """
        if item.category == "CONDITION":
            self._condition(item, fields)
            return Counted()
        if item.type not in _WATCHED:
            return Counted()
        value = fields[0].strip()
        if item.type == "PART_COUNT":
            return self._count(item, value)
        self._values.setdefault(item.type, {})[item.key] = value.upper()
        return Counted()

    def state(self) -> tuple[State, str | None] | None:
        """State and reason; None when nothing was observed that tells.

        The first that applies: not available, emergency stop, a fault, maintenance or
        setup by functional mode, running, setting by hand, what the execution says.
        """
        executions = self._executions()
        if self._has("AVAILABILITY", UNAVAILABLE):
            return State.UNKNOWN, UNAVAILABLE
        if self._has("EMERGENCY_STOP", "TRIGGERED"):
            return State.DOWN, "EMERGENCY_STOP"
        if self._faults:
            return State.DOWN, next(iter(self._faults.values()))
        for mode in self._of("FUNCTIONAL_MODE"):
            if mode in FUNCTIONAL_MODE:
                return FUNCTIONAL_MODE[mode], mode
        return self._by_execution(executions)

    def _by_execution(self, executions: list[tuple[State, str]]) -> tuple[State, str | None] | None:
        if not executions:
            told = self._of("EXECUTION")
            return (State.UNKNOWN, told[0]) if told else None
        state, word = min(executions, key=lambda pair: _LOUDEST.index(pair[0]))
        if state is State.PROCESSING:
            return state, None if word == "ACTIVE" else word
        by_hand = [mode for mode in self._of("CONTROLLER_MODE") if mode in BY_HAND]
        return (State.SETUP, by_hand[0]) if by_hand else (state, word)

    def _executions(self) -> list[tuple[State, str]]:
        return [(EXECUTION[word], word) for word in self._of("EXECUTION") if word in EXECUTION]

    def _of(self, type_: str) -> list[str]:
        return list(self._values.get(type_, {}).values())

    def _has(self, type_: str, value: str) -> bool:
        return value in self._of(type_)

    def _condition(self, item: DataItem, fields: list[str]) -> None:
        level, code, _, _, text = (*(part.strip() for part in fields), *[""] * 5)[:5]
        level = level.upper()
        if level == "FAULT":
            self._faults[item.key, code] = " ".join(filter(None, (item.key, code, text)))
        elif level == UNAVAILABLE or (level == "NORMAL" and not code):
            for known in [known for known in self._faults if known[0] == item.key]:
                del self._faults[known]
        else:
            self._faults.pop((item.key, code), None)

    def _count(self, item: DataItem, value: str) -> Counted:
        if value.upper() == UNAVAILABLE or not value:
            return Counted()
        count = int(value)
        before = self._counters.get(item.key)
        self._counters[item.key] = count
        if before is None or count <= before:
            return Counted()
        if item.subtype in _SCRAP:
            return Counted(scrap=count - before)
        return Counted(good=count - before) if self._counts_good(item) else Counted()

    def _counts_good(self, item: DataItem) -> bool:
        """Whether this counter speaks for good parts: a GOOD one goes before one of all."""
        if item.subtype not in _GOOD:
            return False
        counters = [i for i in self.device.items.values() if i.type == "PART_COUNT"]
        return item.subtype == "GOOD" or not any(other.subtype == "GOOD" for other in counters)
