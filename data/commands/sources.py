"""Commands that bring something in: plans, logs, machines. Imported by `app`."""

import argparse
import sys
import threading
import time
from pathlib import Path

from data.domain.scope import factory_scope
from data.services.ingest import Ingest, Status
from data.services.live import utc_now
from data.settings import Settings
from data.wiring import Engines, address, in_thread, loaded, stop_on_signals


def import_plan(settings: Settings, file: Path, site: str) -> int:
    """Import orders from a file; print every error, or how many were taken."""
    from data.connectors.plan_files import read_plan
    from data.domain.plan_rules import to_envelopes

    engines = Engines(settings)
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
    from data.services.reporting import Reporter

    engines = Engines(settings)
    log = read_log(file, parse_mapping(mapping.read_text()))
    site = log.site.id
    sites = engines.followed(in_thread, time.sleep)
    ingest = Ingest(engines.log, engines.history, sites)
    running = next((s.clock for s in engines.history.sites() if s.id == site), None)
    stop_on_signals(stop := threading.Event())
    to = Reporter(site, ingest, engines.log, utc_now)
    print(f"{log.site.name}: {address(settings)}/wall/{site}.{log.site.areas[0].id}")
    replay(log, to.report, to.signal, utc_now, stop.wait, stop.is_set, speed, running)
    return 0


def read_machines(settings: Settings, options: argparse.Namespace) -> int:
    """Report the states of MTConnect machines, from a recording or a live adapter."""
    from data.connectors.mtconnect import ShdrReader
    from data.connectors.mtconnect_listen import listen
    from data.services.reporting import Reporter

    engines = Engines(settings)
    sites = engines.followed(in_thread, time.sleep)
    to = Reporter(options.site, Ingest(engines.log, engines.history, sites), engines.log, utc_now)
    units = dict(pair.split("=", 1) for pair in options.work_unit)
    reader = ShdrReader(options.devices.read_bytes(), units)
    stop_on_signals(stop := threading.Event())
    host, colon, port = options.adapter.rpartition(":")
    if colon and port.isdigit():
        listen(host, int(port), reader, to.report, to.signal, utc_now, stop.wait, stop.is_set)
        return 0
    with Path(options.adapter).open(encoding="utf-8") as lines:
        envelopes = [envelope for line in lines for envelope in reader.read(line)]
    to.report(envelopes)
    print(f"{len(envelopes)} events of {', '.join(reader.work_units)}")
    return 0
