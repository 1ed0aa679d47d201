"""Commands that only print: an analysis of a file, what was not taken. Imported by `app`."""

import json
from contextlib import closing
from pathlib import Path

from data.settings import Settings
from data.wiring import Engines


def analyse(file: Path, as_json: bool) -> int:
    """Print who was the bottleneck of a file's line."""
    from data.services.analyse import analyse_bottleneck, render_table, to_json

    report = analyse_bottleneck(file)
    print(json.dumps(to_json(report)) if as_json else render_table(report))
    return 0


def show_quarantine(settings: Settings, site: str) -> int:
    """Print what was not taken at a site, newest first, and why."""
    with closing(Engines(settings)) as engines:
        items = engines.history.quarantined(site, 200)
    for item in items:
        print(f"{item.received_at:%F %T}  {item.kind}  {item.source}  {item.event_id}")
        print(f"    {item.field}: {item.reason}")
        print(f"    {bytes(item.raw)[:300].decode(errors='replace')}")
    return 0
