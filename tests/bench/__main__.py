"""Runs the groups, prints one table and keeps the figures below `var/bench/`."""

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module

import msgspec
import structlog
from playwright.sync_api import Error as PageError

from data.processes import ChildError
from tests.bench.figures import Measurement
from tests.bench.stage import FOLDER, Stage, allow_many_files

# Each is a module with measure(stage, quick).
GROUPS = (
    "live",
    "crowd",
    "capacity",
    "drawing",
    "restart",
    "folding",
    "recording",
    "ingesting",
    "overload",
    "backlog",
    "starting",
    "heap",
    "watching",
    "exceptions",
    "telling",
    "bottlenecks",
    "gantt",
    "histories",
    "pasts",
    "parties",
    "forecast_report",
    "soak",
)
FULL, PARTIAL = "latest.json", "partial.json"


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    names = options.only or GROUPS
    whole = not options.only and not options.quick
    gc.set_threshold(50_000, 20, 50)  # as the program does
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    allow_many_files()
    found, failed, load = [], [], os.getloadavg()[0]
    with Stage() as stage:
        for name in names:
            begun = time.monotonic()
            try:
                found += import_module(f"tests.bench.{name}").measure(stage, options.quick)
            except (RuntimeError, OSError, ChildError, PageError) as error:
                failed.append(f"{name}: {error}")
            print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print(table(found))
    print(f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after; {os.cpu_count()} CPUs")
    (FOLDER / (FULL if whole else PARTIAL)).write_bytes(
        msgspec.json.format(msgspec.json.encode(found))
    )
    for words in failed:
        print(f"not measured: {words}", file=sys.stderr)
    return int(bool(failed))


def table(found: Sequence[Measurement]) -> str:
    rows = [("what", "measured", "must", ""), *(_row(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "─" * len(max(lines, key=len)), *lines[1:]])


def _row(one: Measurement) -> tuple[str, str, str, str]:
    verdict = "" if one.holds is None else ("holds" if one.holds else "MISSED")
    return (one.name, f"{one.value:,.12g} {one.unit}".strip(), one.must, verdict)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench", description="docs/performance.md")
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="NAME", help=", ".join(GROUPS))
    parser.add_argument("--quick", action="store_true", help="shorter, for trying things out")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
