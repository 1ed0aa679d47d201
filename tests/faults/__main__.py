"""Runs every fault on one stand under load and prints a row for each: `make faults`."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.stage import allow_many_files
from tests.faults.harness.clocks import CLOCKS, environment, library
from tests.faults.harness.faults import FAULTS, Fault
from tests.faults.harness.scenes import SCENES, Scene, played
from tests.faults.harness.stand import Row, Stand, stand

Env = Callable[[Path], dict[str, str]]
# Each is run on a stand of its own: whether it can be had here, what its parts get in their
# environment, and its faults.
STANDS: tuple[tuple[Callable[[], object], Env, Sequence[Fault]], ...] = (
    (lambda: True, lambda _: {}, FAULTS),
    (library, environment, CLOCKS),
)
KEPT = Path(__file__).parents[2] / "var" / "faults"


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    allow_many_files()
    rows: list[Row] = []
    begun = time.monotonic()
    for can_be_had, env, faults in STANDS:
        chosen = [one for one in faults if _is_meant(one.name, options.only)]
        if chosen and can_be_had():
            rows += _run(env, chosen, options.quick)
        elif chosen:
            _say(f"left out, for want of libfaketime: {', '.join(one.name for one in chosen)}")
    for scene in SCENES:
        if _is_meant(scene.name, options.only) and not options.quick:
            rows += _play(scene)
    held = sum(row.holds for row in rows)
    _say(f"{table(rows)}\n{held} of {len(rows)} hold; {time.monotonic() - begun:.0f} s")
    return int(not all(row.holds for row in rows))


def _run(env: Env, faults: Sequence[Fault], quick: bool) -> list[Row]:
    rows = []
    KEPT.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        made: Stand = stack.enter_context(stand(env))
        for fault in faults:
            seconds = fault.short_s if quick else fault.long_s
            rows.append(made.row(fault.name, lambda on, f=fault, s=seconds: f.do(on, s)))
            _say("\n".join([_line(rows[-1]), *_wrong(rows[-1])]))
            (KEPT / "log").write_text(made.product.log)
    return rows


def _play(scene: Scene) -> list[Row]:
    came = played(scene)
    if isinstance(came, str):
        _say(f"left out: {scene.name}: {came}")
        return []
    _say("\n".join([_line(came), *_wrong(came)]))
    return [came]


def table(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, what is wrong below it."""
    lines = [
        "| what was done | acknowledged | lost | doubled | recovered after | screens meanwhile |",
        "|---|---:|---:|---:|---:|---|",
        *map(_line, rows),
    ]
    lines += [words for row in rows for words in _wrong(row)]
    return "\n".join(lines)


def _wrong(row: Row) -> list[str]:
    return [f"WRONG {row.fault}: {words}" for words in row.wrong]


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _line(row: Row) -> str:
    counted = " | ".join(
        "–" if one is None else f"{one:,}" for one in (row.acknowledged, row.lost, row.doubled)
    )
    after = f"{row.recovered_s:.1f} s" if row.recovered_s is not None else "–"
    words = f"{row.fault} | {counted} | {after} | {row.screens}"
    return f"| {words} |" + ("" if row.holds else " ✗")


def _is_meant(name: str, only: Sequence[str]) -> bool:
    return not only or any(words in name for words in only)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.faults", description="docs/faults.md")
    parser.add_argument(
        "--only", metavar="WORDS", nargs="+", default=(), help="faults with any of these in a name"
    )
    parser.add_argument("--quick", action="store_true", help="each for a shorter time")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
