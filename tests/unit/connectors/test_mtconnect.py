from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from data.connectors.mtconnect import ShdrReader, read_shdr
from data.connectors.mtconnect_device import DevicesError, parse_devices
from data.connectors.mtconnect_listen import LOST, listen
from data.domain.board import Board
from data.domain.rules import parse_event

DEVICES = b"""<?xml version="1.0"?>
<MTConnectDevices xmlns="urn:mtconnect.org:MTConnectDevices:2.0"><Devices>
 <Device id="d1" name="LATHE" uuid="LATHE.1"><DataItems>
  <DataItem category="EVENT" id="a1" name="avail" type="AVAILABILITY"/>
  <DataItem category="EVENT" id="f1" name="fmode" type="FUNCTIONAL_MODE"/>
  <DataItem category="EVENT" id="m1" name="note" type="MESSAGE"/>
 </DataItems><Components><Controller id="c1"><DataItems>
  <DataItem category="EVENT" id="e1" name="estop" type="EMERGENCY_STOP"/>
  <DataItem category="CONDITION" id="s1" name="system" type="SYSTEM"/>
  <DataItem category="EVENT" id="x1" name="exec" type="EXECUTION"/>
  <DataItem category="EVENT" id="x2" name="exec2" type="EXECUTION"/>
  <DataItem category="EVENT" id="o1" name="mode" type="CONTROLLER_MODE"/>
  <DataItem category="EVENT" id="p1" name="parts" type="PART_COUNT"/>
  <DataItem category="EVENT" id="p2" name="bad" type="PART_COUNT" subType="BAD"/>
  <DataItem category="EVENT" id="p3" name="target" type="PART_COUNT" subType="TARGET"/>
 </DataItems></Controller></Components></Device>
 <Device id="d2" name="MILL"><DataItems>
  <DataItem category="EVENT" id="x9" type="EXECUTION"/>
 </DataItems></Device>
</Devices></MTConnectDevices>"""
START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
OPERATION = "operation/SO-1/20"


def line(seconds: float, text: str) -> str:
    return f"{(START + timedelta(seconds=seconds)).isoformat().replace('+00:00', 'Z')}|{text}"


def states(*texts: str) -> list[tuple[str, str | None]]:
    lines = [line(n, text) for n, text in enumerate(texts)]
    events = read_shdr(lines, DEVICES, {"LATHE": "L-1"})
    return [(event["data"]["state"], event["data"].get("reason")) for event in events]


def counts(*texts: str, operation: str | None = OPERATION) -> list[dict]:
    lines = [line(n, text) for n, text in enumerate(texts)]
    events = read_shdr(lines, DEVICES, {"LATHE": "L-1"}, lambda unit: operation)
    return [e["data"] for e in events if e["type"] == "operation.progressed"]


@pytest.mark.parametrize(
    ("execution", "state"),
    [
        ("ACTIVE", ("processing", None)),
        ("WAIT", ("processing", "WAIT")),
        ("READY", ("starved", "READY")),
        ("PROGRAM_COMPLETED", ("starved", "PROGRAM_COMPLETED")),
        ("INTERRUPTED", ("down", "INTERRUPTED")),
        ("FEED_HOLD", ("down", "FEED_HOLD")),
        ("STOPPED", ("down", "STOPPED")),
        ("PROGRAM_STOPPED", ("down", "PROGRAM_STOPPED")),
        ("OPTIONAL_STOP", ("down", "OPTIONAL_STOP")),
        ("UNAVAILABLE", ("unknown", "UNAVAILABLE")),
        ("SOMETHING_NEW", ("unknown", "SOMETHING_NEW")),
    ],
)
def test_each_execution_is_a_state_of_the_work_unit(
    execution: str, state: tuple[str, str | None]
) -> None:
    assert states(f"avail|AVAILABLE|estop|ARMED|exec|{execution}") == [state]


def test_a_machine_that_is_not_available_is_unknown_whatever_else_it_says() -> None:
    assert states("avail|AVAILABLE|exec|ACTIVE", "avail|UNAVAILABLE|estop|TRIGGERED") == [
        ("processing", None),
        ("unknown", "UNAVAILABLE"),
    ]


def test_an_emergency_stop_is_down_until_it_is_armed_again() -> None:
    assert states("exec|ACTIVE", "estop|TRIGGERED", "estop|ARMED") == [
        ("processing", None),
        ("down", "EMERGENCY_STOP"),
        ("processing", None),
    ]


def test_a_fault_is_down_until_its_own_code_is_normal() -> None:
    assert states(
        "exec|ACTIVE",
        "system|FAULT|701|3||Spindle overload",
        "system|NORMAL|999|||",
        "system|NORMAL|701|||",
    ) == [("processing", None), ("down", "system 701 Spindle overload"), ("processing", None)]


def test_what_a_fault_says_is_kept_to_one_line_that_the_door_takes() -> None:
    lines = [line(0, "exec|ACTIVE"), line(1, "system|FAULT|7|||a\tb" + "x" * 900)]
    told = list(read_shdr(lines, DEVICES, {"LATHE": "L-1"}))[-1]
    event = parse_event(told, START + timedelta(seconds=1))
    assert (event.data.reason or "").startswith("system 7 a bxxx")
    assert len(event.data.reason or "") == 200


def test_normal_without_a_code_clears_every_fault_of_the_condition() -> None:
    assert states("exec|READY|x|1", "system|FAULT|1|||", "system|FAULT|2|||", "system|NORMAL||||")[
        -1
    ] == ("starved", "READY")


def test_a_warning_does_not_stop_a_machine() -> None:
    assert states("exec|ACTIVE", "system|WARNING|5|||Coolant low") == [("processing", None)]


def test_setting_by_hand_or_by_mode_is_setup_and_maintenance_is_maintenance() -> None:
    assert states("exec|STOPPED|mode|MANUAL", "fmode|SETUP", "fmode|MAINTENANCE") == [
        ("setup", "MANUAL"),
        ("setup", "SETUP"),
        ("maintenance", "MAINTENANCE"),
    ]


def test_of_two_paths_the_running_one_speaks_for_the_machine() -> None:
    assert states("exec|READY|exec2|ACTIVE", "exec2|FEED_HOLD") == [
        ("processing", None),
        ("down", "FEED_HOLD"),
    ]


def test_only_a_change_is_an_event() -> None:
    assert len(states("exec|ACTIVE", "exec|ACTIVE", "mode|AUTOMATIC|exec|ACTIVE")) == 1


def test_assets_commands_and_unknown_keys_say_nothing() -> None:
    lines = [
        "* adapterVersion: 2.0",
        line(0, "@ASSET@|T1|CuttingTool|--multiline--AB12"),
        line(0, "exec|ACTIVE"),
        "--multiline--AB12",
        line(1, "nothing|1|exec|READY"),
    ]
    events = list(read_shdr(lines, DEVICES, {"LATHE": "L-1"}))
    assert [event["data"]["state"] for event in events] == ["starved"]


def test_a_message_takes_two_fields_and_an_escaped_pipe_parts_nothing() -> None:
    assert states(r"note|7|exec \| ACTIVE|exec|READY") == [("starved", "READY")]


def test_keys_with_a_device_before_them_are_that_devices() -> None:
    lines = [line(0, "MILL:x9|ACTIVE|exec|READY")]
    events = list(read_shdr(lines, DEVICES, {"LATHE": "L-1", "MILL": "M-1"}))
    assert {(e["subject"], e["data"]["state"]) for e in events} == {
        ("work-unit/L-1", "starved"),
        ("work-unit/M-1", "processing"),
    }


def test_parts_are_counted_from_the_second_reading_and_across_a_reset() -> None:
    found = counts("parts|5", "parts|7|bad|0", "parts|0", "parts|1|bad|2|target|9")
    assert [(d.get("good", 0), d.get("scrap", 0)) for d in found] == [(2, 0), (1, 2)]


def test_parts_without_an_operation_are_not_counted() -> None:
    assert counts("parts|5", "parts|7", operation=None) == []


def test_what_cannot_be_read_is_handed_over_with_its_reason() -> None:
    bad: list[tuple[str, str]] = []
    lines = ["2|exec|ACTIVE", line(0, "parts|many|exec|ACTIVE"), "soon|exec|READY"]
    events = list(
        read_shdr(
            lines, DEVICES, {"LATHE": "L-1"}, unreadable=lambda text, why: bad.append((text, why))
        )
    )
    assert [event["data"]["state"] for event in events] == ["processing"]
    assert [text for text, _ in bad] == [lines[0], lines[1], lines[2]]
    assert "parts" in bad[1][1]


def test_ids_repeat_and_of_one_instant_the_last_line_wins_on_the_board() -> None:
    lines = [line(0, "exec|READY"), line(0, "exec|ACTIVE"), line(0, "exec|INTERRUPTED")]
    events = list(read_shdr(lines, DEVICES, {"LATHE": "L-1"}))
    again = list(read_shdr(lines, DEVICES, {"LATHE": "L-1"}))
    assert events == again
    assert len({event["id"] for event in events}) == 3
    board = Board("s")
    for envelope in reversed(events):
        board.apply(parse_event(envelope, START))
    assert board.work_units["L-1"].state == "down"


def test_a_line_before_the_last_event_begins_a_recording_that_says_its_state_anew() -> None:
    lines = [line(60, "exec|READY"), line(0, "exec|READY")]
    assert len(list(read_shdr(lines, DEVICES, {"LATHE": "L-1"}))) == 2


def test_a_time_stamp_may_be_finer_than_microseconds_lack_its_offset_or_have_a_duration() -> None:
    stamps = ["2026-11-24T06:00:00.1234567Z", "2026-11-24T06:00:01", "2026-11-24T06:00:02Z@100.5"]
    lines = [f"{s}|exec|{w}" for s, w in zip(stamps, ("READY", "ACTIVE", "READY"), strict=True)]
    events = list(read_shdr(lines, DEVICES, {"LATHE": "L-1"}))
    assert [event["time"][17:] for event in events] == [
        "00.123456+00:00",
        "01+00:00",
        "02+00:00",
    ]


@pytest.mark.parametrize(
    "xml",
    [
        b"<MTConnectDevices/>",
        b"<Device",
        b'<!DOCTYPE x [<!ENTITY a "b">]><Devices><Device name="&a;"/></Devices>',
    ],
)
def test_a_device_document_that_is_broken_or_plays_tricks_is_refused(xml: bytes) -> None:
    with pytest.raises(DevicesError):
        parse_devices(xml)


def test_a_device_that_is_not_in_the_document_is_named() -> None:
    with pytest.raises(KeyError, match="SAW"):
        ShdrReader(DEVICES, {"SAW": "S-1"})


class Adapter:
    """The other end: a script of what each `recv` gives. None: silence for a second."""

    def __init__(self, clock: "Clock", script: Sequence[bytes | None]) -> None:
        self.clock, self.script, self.sent, self.closed = clock, list(script), [], False

    def settimeout(self, value: float | None) -> None:
        self.timeout = value or 0.0

    def recv(self, bufsize: int) -> bytes:
        given = self.script.pop(0) if self.script else b""
        if given is None:
            self.clock.sleep(self.timeout)
            raise TimeoutError
        return given

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True


class Clock:
    def __init__(self) -> None:
        self.at = START
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


class Floor:
    """Connects to one adapter after the other and keeps what is delivered."""

    def __init__(self, clock: Clock, *scripts: Sequence[bytes | None] | None) -> None:
        self.clock = clock
        self.adapters = [None if s is None else Adapter(clock, s) for s in scripts]
        self.met: list[Adapter] = []
        self.events: list[dict] = []
        self.signals: list[tuple[str, ...]] = []
        self.failures = 0

    def connect(self, host: str, port: int) -> Adapter:
        adapter = self.adapters.pop(0)
        if adapter is None:
            raise ConnectionRefusedError
        self.met.append(adapter)
        return adapter

    def deliver(self, events: Sequence[dict]) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the log is away")
        self.events.extend(events)

    def listen(self) -> list[tuple[str, str | None]]:
        reader = ShdrReader(DEVICES, {"LATHE": "L-1"})
        listen(
            "machine",
            7878,
            reader,
            self.deliver,
            lambda units: self.signals.append(tuple(units)),
            self.clock.now,
            self.clock.sleep,
            lambda: not self.adapters and all(a.closed for a in self.met),
            self.connect,
        )
        return [(e["data"]["state"], e["data"].get("reason")) for e in self.events]


def test_lines_in_pieces_become_events_and_a_signal_of_the_unit() -> None:
    text = line(0, "exec|ACTIVE").encode() + b"\r\n"
    floor = Floor(Clock(), [b"* PONG 10000\n", text[:20], text[20:]])
    assert floor.listen() == [("processing", None), ("unknown", LOST)]
    assert floor.met[0].sent == [b"* PING\n"]
    assert floor.signals == [("L-1",)] * 3


def test_the_adapter_is_asked_in_its_rhythm_and_left_after_two_of_silence() -> None:
    clock = Clock()
    floor = Floor(clock, [b"* PONG 2000\n" + line(0, "exec|READY").encode() + b"\n", *[None] * 9])
    assert floor.listen()[-1] == ("unknown", LOST)
    assert floor.met[0].sent == [b"* PING\n"] * 3
    assert sum(clock.slept) == pytest.approx(4.0)
    assert len(floor.met[0].script) == 5


def test_a_lost_connection_is_made_again_and_the_state_said_again() -> None:
    active = line(0, "exec|ACTIVE").encode() + b"\n"
    later = line(90, "exec|ACTIVE").encode() + b"\n"
    clock = Clock()
    floor = Floor(clock, [active], None, None, [later])
    assert floor.listen() == [
        ("processing", None),
        ("unknown", LOST),
        ("processing", None),
        ("unknown", LOST),
    ]
    assert clock.slept == [1.0, 2.0, 5.0]


def test_what_cannot_be_delivered_is_kept_in_order() -> None:
    floor = Floor(
        Clock(),
        [line(0, "exec|READY").encode() + b"\n", line(1, "exec|ACTIVE").encode() + b"\n", None],
    )
    floor.failures = 2
    assert floor.listen() == [("starved", "READY"), ("processing", None), ("unknown", LOST)]


def test_a_line_without_an_end_ends_the_connection() -> None:
    floor = Floor(Clock(), [b"x" * 600_000, b"x" * 600_000, b"x", b"never read"])
    assert floor.listen() == []
    assert floor.met[0].closed
    assert floor.met[0].script == [b"never read"]
