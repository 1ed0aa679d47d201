"""A recorded SHDR stream of a real multi-tasking machine, against what a text search finds.

The recording holds four stretches, not in order of time; each begins with everything the
adapter knows.
"""

import os
import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from data.connectors.mtconnect import ShdrReader, read_shdr
from data.connectors.mtconnect_listen import listen
from data.domain.board import Board
from data.domain.rules import parse_event

UNIT = "MULTUS-1"
NOW = datetime(2022, 8, 8, 15, 0, tzinfo=UTC)
MEANS = {"ACTIVE": "processing", "READY": "starved", "PROGRAM_COMPLETED": "starved"}


def _folder() -> Path:
    folder = os.environ.get("MILEPOST_REAL_DATA")
    if not folder:
        pytest.skip("MILEPOST_REAL_DATA isn't set")
    path = Path(folder) / "mtconnect"
    if not (path / "okuma.txt").exists():
        pytest.skip("the recording isn't in MILEPOST_REAL_DATA")
    return path


def _lines() -> list[str]:
    return (_folder() / "okuma.txt").read_text(encoding="ascii").splitlines(keepends=True)


def _devices() -> bytes:
    return (_folder() / "Devices.xml").read_bytes()


def _found() -> list[tuple[datetime, str]]:
    """Every execution in the text with its time cut to microseconds, in order of time."""
    text = "".join(_lines())
    found = re.findall(
        r"^(\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6})\d?Z\|(?:.*\|)?pexecution\|(\w+)", text, re.MULTILINE
    )
    assert len(found) == text.count("|pexecution|")
    return sorted((datetime.fromisoformat(stamp + "+00:00"), word) for stamp, word in found)


def _board(events: list[dict]) -> Board:
    board = Board("s")
    for envelope in events:
        board.apply(parse_event(envelope, NOW))
    return board


def test_the_states_of_the_machine_and_their_times_are_those_of_the_recording() -> None:
    events = list(read_shdr(_lines(), _devices(), {"OKUMA": UNIT}))
    told = sorted(
        (datetime.fromisoformat(e["time"]), e["data"].get("reason", "ACTIVE"), e["data"]["state"])
        for e in events
    )
    found = _found()
    assert len(found) == 16
    said = {(at, word) for at, word, _ in told}
    assert said <= set(found)
    repeated = [pair for pair in found if pair not in said]
    assert [word for _, word in repeated] == ["READY"]  # nothing had changed before it
    assert all(state == MEANS[word] for _, word, state in told)


def test_at_any_instant_the_board_shows_the_execution_last_recorded() -> None:
    events = list(read_shdr(_lines(), _devices(), {"OKUMA": UNIT}))
    found = _found()
    edges = [at for at, _ in found]
    for at in sorted({*edges, *(edge + timedelta(seconds=1) for edge in edges)}):
        board = _board([e for e in events if datetime.fromisoformat(e["time"]) <= at])
        word = max((pair for pair in found if pair[0] <= at), key=lambda pair: pair[0])[1]
        assert board.work_units[UNIT].state == MEANS[word], at


def test_the_machine_runs_as_long_as_the_recording_says() -> None:
    unit = _board(list(read_shdr(_lines(), _devices(), {"OKUMA": UNIT}))).work_units[UNIT]
    changes = [*unit.timeline]
    spans = pairwise(changes)
    ran_s = sum((b - a).total_seconds() for (a, state), (b, _) in spans if state == "processing")
    found = _found()
    wanted_s = sum(
        (found[n + 1][0] - at).total_seconds()
        for n, (at, word) in enumerate(found[:-1])
        if word == "ACTIVE"
    )
    assert ran_s == pytest.approx(wanted_s)
    assert 1300 < ran_s < 1400


def test_parts_are_counted_on_the_operation_the_machine_works_on() -> None:
    operation = "operation/SO-1/10"
    events = list(read_shdr(_lines(), _devices(), {"OKUMA": UNIT}, lambda unit: operation))
    readings = [int(n) for n in re.findall(r"\|ppartcount\|(\d+)", "".join(_lines()))]
    rises = sum(max(b - a, 0) for a, b in pairwise(readings))
    assert _board(events).operations[operation].good == rises == 5


def test_the_recording_over_tcp_gives_the_same_events() -> None:
    text = "".join(_lines()).encode()
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def adapter() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                asked.append(connection.recv(64))
                connection.sendall(b"* PONG 10000\n" + text)

        thread = threading.Thread(target=adapter)
        thread.start()
        delivered: list[dict] = []
        listen(
            "127.0.0.1",
            server.getsockname()[1],
            ShdrReader(_devices(), {"OKUMA": UNIT}),
            delivered.extend,
            lambda units: None,
            lambda: NOW,
            lambda seconds: None,
            lambda: not thread.is_alive() and bool(delivered) and _lost(delivered[-1]),
        )
        thread.join(10)
    assert asked == [b"* PING\n"]
    assert delivered[:-1] == list(read_shdr(_lines(), _devices(), {"OKUMA": UNIT}))


def _lost(envelope: dict) -> bool:
    return bool(envelope["data"]["state"] == "unknown")
