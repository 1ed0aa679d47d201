"""Faults that stand as tests of their own, with engines and processes of their own: rows of them.

A test says what it measured with `record_property`: acknowledged, lost, doubled, recovered_s, and
anything else, which is shown as it is.
"""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from msgspec import Struct

from tests.faults.harness.product import ROOT
from tests.faults.harness.stand import Row
from tests.folders import short_folder

WITHIN_S = 600.0
_COLUMNS = ("acknowledged", "lost", "doubled", "recovered_s")
_WORDS = 300


class Scene(Struct, frozen=True):
    """One row: a file of tests."""

    name: str
    file: str


SCENES: tuple[Scene, ...] = (
    Scene("recorder killed at each step of a commit", "tests/faults/test_recorder_faults.py"),
    Scene("more comes in than can be worked off", "tests/faults/test_overload.py"),
    Scene("rolling restart behind nginx, 40 streams", "tests/faults/test_rolling_restart.py"),
    Scene(
        "four sites: worker, watch, shard, primary die, slots move",
        "tests/scale/test_everything_at_once.py",
    ),
)


def played(scene: Scene) -> Row | str:
    """Run it; return its row, or why it could not be run here."""
    with short_folder() as folder:
        result = folder / "result.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "long or not long"]
        command += [f"--junitxml={result}", "-o", "junit_family=legacy", scene.file]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=WITHIN_S
        )
        if not result.exists():
            return _row(scene, {}, (f"it did not run: {done.stdout[-_WORDS:]}",))
        return _of(scene, [*ET.parse(result).getroot().iter("testcase")])


def _of(scene: Scene, cases: Sequence[ET.Element]) -> Row | str:
    said = {
        one.get("name", ""): one.get("value", "") for case in cases for one in case.iter("property")
    }
    wrong = [
        f"{case.get('name')}: {(found.get('message') or '')[:_WORDS]}"
        for case in cases
        for found in (*case.iter("failure"), *case.iter("error"))
    ]
    skipped = [one.get("message") or "" for case in cases for one in case.iter("skipped")]
    if len(skipped) == len(cases) and not wrong:
        return "; ".join(sorted({*skipped}))
    left = [f"{len(skipped)} left out: {skipped[0]}"] if skipped else []
    return _row(scene, said | {"tests": f"{len(cases)}"}, (*wrong, *left))


def _row(scene: Scene, said: dict[str, str], wrong: tuple[str, ...]) -> Row:
    acknowledged, lost, doubled = (int(said[one]) if one in said else None for one in _COLUMNS[:3])
    recovered = float(said["recovered_s"]) if "recovered_s" in said else None
    notes = "; ".join(f"{name} {value}" for name, value in said.items() if name not in _COLUMNS)
    return Row(scene.name, acknowledged, lost, doubled, recovered, notes, wrong)
