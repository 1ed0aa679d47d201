"""Runs every fault on one stand under load and prints a row for each: `make faults`."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.stage import allow_many_files
from tests.faults.harness.clocks import CLOCKS, environment
from tests.faults.harness.faults import FAULTS, Fault
from tests.faults.harness.stand import Row, Stand, stand

# Each is run on a stand of its own: what its parts need in their environment (None: it can't be
# had here), and its faults.
STANDS: tuple[tuple[Callable[[], dict[str, str] | None], Sequence[Fault]], ...] = (
    (dict, FAULTS),
    (environment, CLOCKS),
)
KEPT = Path(__file__).parents[2] / "var" / "faults"


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    allow_many_files()
    rows: list[Row] = []
    begun = time.monotonic()
    for needed, faults in STANDS:
        chosen = [one for one in faults if _is_meant(one.name, options.only)]
        env = needed() if chosen else None
        if env is not None:
            rows += _run(env, chosen, options.quick)
        elif chosen:
            _say(f"left out, for want of libfaketime: {', '.join(one.name for one in chosen)}")
    held = sum(row.holds for row in rows)
    _say(f"{table(rows)}\n{held} of {len(rows)} hold; {time.monotonic() - begun:.0f} s")
    return int(not all(row.holds for row in rows))


def _run(env: dict[str, str], faults: Sequence[Fault], quick: bool) -> list[Row]:
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
    after = "never" if row.recovered_s is None else f"{row.recovered_s:.1f} s"
    count = f"{row.acknowledged:,}"
    words = f"{row.fault} | {count} | {row.lost} | {row.doubled} | {after} | {row.screens}"
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
