"""The bench's side of `tests.bench.viewers`: opens viewers, and tells how late they were."""

import array
import json
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.bench.factory import SCREEN
from tests.bench.stage import FOLDER, PINNED, ROOT, Posted, Program

PATH = f"/live/wall/{SCREEN}?lang=en"


class Heard(Struct, frozen=True):
    """What the audience got while it was recorded. Units: milliseconds, one a viewer and event."""

    bytes: int
    frames: int
    lost: int
    late_ms: list[float]


class Audience:
    """Viewers in a process of their own."""

    def __init__(self, process: "subprocess.Popen[str]", file: Path) -> None:
        self._process = process
        self._file = file
        self.viewers = 0

    def open(self, more: int) -> None:
        """Open viewers; return when each has its snapshot."""
        self.viewers = self._order(f"open {more}")["viewers"]

    def record(self) -> None:
        self._order("record")

    def stop(self, goods: Sequence[int], posted: Sequence[Posted]) -> Heard:
        """End the record; `goods`: the count that each posted event brought about."""
        said = self._order("stop")
        shown: array.array[int] = array.array("q")
        with self._file.open("rb") as file:
            shown.frombytes(file.read())
        late = _late_ms(shown, goods, posted)
        missing = len(goods) * self.viewers - len(late)
        late += [float("inf")] * max(0, missing)
        return Heard(said["bytes"], said["frames"], said["lost"], late)

    def _order(self, line: str) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError("the viewers' process has ended")
        answer: dict[str, Any] = json.loads(said)
        return answer


@contextmanager
def seated(program: Program, cpu: int | None = None) -> Iterator[Audience]:
    """An audience of one manager's windows that leaves when the block ends."""
    file = FOLDER / "shown.bin"
    argv = [sys.executable, "-m", "tests.bench.viewers", str(program.port), PATH, str(file)]
    argv.append(program.token)
    if cpu is not None:
        argv = [sys.executable, "-c", PINNED % cpu, *argv]
    pipe = subprocess.PIPE
    process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
    try:
        yield Audience(process, file)
    finally:
        assert process.stdin and process.stdout
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()
        file.unlink(missing_ok=True)


def _late_ms(
    shown: "array.array[int]", goods: Sequence[int], posted: Sequence[Posted]
) -> list[float]:
    """One latency for each viewer and event, coalesced events each on its own."""
    late = []
    for place in range(0, len(shown), 3):
        before, after, at_ns = shown[place : place + 3]
        for number in range(bisect_right(goods, before), bisect_right(goods, after)):
            late.append((at_ns - posted[number].accepted_ns) / 1e6)
    return late
