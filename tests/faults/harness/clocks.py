"""Clocks that jump: libfaketime before every part, moved by a file while the parts run.

The engines and the screens keep the true time: what jumps is the clock of the host that the
program runs on. Time that only goes forward (CLOCK_MONOTONIC) is left alone, as NTP leaves it.
"""

from contextlib import nullcontext
from functools import partial
from pathlib import Path

from tests.chromium import apt_install
from tests.faults.harness.faults import Fault
from tests.faults.harness.stand import Stand

_PLACES = ("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1",)
_MACHINES = ("x86_64", "aarch64")


def library() -> Path | None:
    """Return libfaketime, installing the system's package where that is possible."""
    return _found() or (_found() if apt_install("libfaketime") else None)


def _found() -> Path | None:
    places = (Path(place.format(machine)) for place in _PLACES for machine in _MACHINES)
    return next((place for place in places if place.exists()), None)


def environment(folder: Path) -> dict[str, str]:
    """Return what the parts of a stand need so that their clock can be moved."""
    _moved(folder).write_text("+0")
    return {
        "LD_PRELOAD": str(library()), "FAKETIME_TIMESTAMP_FILE": str(_moved(folder)),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip


def _moved(folder: Path) -> Path:
    return folder / "faketime"


def jump(hours: int, stand: Stand, seconds: float) -> None:
    """Every part's clock jumps, and jumps back."""
    for sender in stand.senders:
        sender.refused.clear()
    moved = _moved(stand.product.folder)
    with stand.broken(), stand.in_the_past() if hours < 0 else nullcontext():
        moved.write_text(f"{hours:+d}h")
        try:
            stand.hold(seconds)
        finally:
            moved.write_text("+0")
    refused = [one for sender in stand.senders for one in sender.refused]
    if refused:
        stand.notes.append(f"refused {len(refused)} ×: {refused[0]['reason']}")


CLOCKS: tuple[Fault, ...] = (
    Fault("clock 2 h ahead, and back", partial(jump, 2), 15, 4),
    Fault("clock 2 h behind, and back", partial(jump, -2), 15, 4),
)
