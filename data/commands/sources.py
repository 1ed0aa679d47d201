"""Commands that bring something in: plans, logs, machines. Imported by `app`."""

import argparse
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from data.domain.scope import factory_scope
from data.services.ingest import Ingest, Status
from data.services.live import utc_now
from data.settings import Settings
from data.wiring import Engines, address, in_thread, loaded, stop_on_signals

if TYPE_CHECKING:
    from data.connectors.mtconnect import ShdrReader
    from data.services.reporting import Reporter


def import_plan(settings: Settings, file: Path, site: str) -> int:
    """Import orders from a file; print every error, or how many were taken."""
    with closing(Engines(settings)) as engines:
        return _imported(engines, file, site)


def _imported(engines: Engines, file: Path, site: str) -> int:
    from data.connectors.plan_files import read_plan
    from data.domain.plan_rules import to_envelopes

    sites = engines.followed(in_thread, time.sleep)
    live = loaded(sites, site)
    plan = read_plan(file.name, file.read_bytes(), live.board.site)
    for error in plan.errors:
        print(error, file=sys.stderr)
    if plan.more_errors:
        print("... and more", file=sys.stderr)
    if plan.errors:
        return 1
    ingest = Ingest(engines.log, engines.history, sites)
    envelopes = to_envelopes(plan.orders, "urn:milepost:import-plan", live.now, live.board.orders)
    verdicts = ingest.accept(factory_scope(site), site, envelopes, utc_now())
    for status in Status:
        print(f"{status}: {sum(verdict.status is status for verdict in verdicts)}")
    for verdict in verdicts:
        if verdict.status is Status.REFUSED:
            print(f"{verdict.id}: {verdict.field}: {verdict.reason}", file=sys.stderr)
    return int(any(verdict.status is Status.REFUSED for verdict in verdicts))


def replay_log(settings: Settings, file: Path, mapping: Path, speed: float) -> int:
    """Show an event log on a site of its own until it ends or is interrupted."""
    from data.connectors.event_log import read_log
    from data.connectors.mapping import parse_mapping
    from data.connectors.replay import replay

    log = read_log(file, parse_mapping(mapping.read_text()))
    site = log.site.id
    stop_on_signals(stop := threading.Event())
    with closing(Engines(settings)) as engines:
        running = next((s.clock for s in engines.history.sites() if s.id == site), None)
        to = _reporter(engines, site)
        print(f"{log.site.name}: {address(settings)}/wall/{site}.{log.site.areas[0].id}")
        replay(log, to.report, to.signal, utc_now, stop.wait, stop.is_set, speed, running)
    return 0


def read_machines(settings: Settings, options: argparse.Namespace) -> int:
    """Report the states of MTConnect machines, from a recording or a live adapter."""
    from data.connectors.mtconnect import ShdrReader

    units = dict(pair.split("=", 1) for pair in options.work_unit)
    reader = ShdrReader(options.devices.read_bytes(), units)
    with closing(Engines(settings)) as engines:
        _reported(_reporter(engines, options.site), reader, options.adapter)
    return 0


def _reported(to: "Reporter", reader: "ShdrReader", adapter: str) -> None:
    """Report what an adapter says until told to stop, or what a recording of one says."""
    from data.connectors.mtconnect_listen import listen

    stop_on_signals(stop := threading.Event())
    host, colon, port = adapter.rpartition(":")
    if colon and port.isdigit():
        listen(host, int(port), reader, to.report, to.signal, utc_now, stop.wait, stop.is_set)
        return
    with Path(adapter).open(encoding="utf-8") as lines:
        envelopes = [envelope for line in lines for envelope in reader.read(line)]
    to.report(envelopes)
    print(f"{len(envelopes)} events of {', '.join(reader.work_units)}")


def _reporter(engines: Engines, site: str) -> "Reporter":
    from data.services.reporting import Reporter

    sites = engines.followed(in_thread, time.sleep)
    return Reporter(site, Ingest(engines.log, engines.history, sites), engines.log, utc_now)
