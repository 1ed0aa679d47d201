"""A small event log and its mapping, and what was read from it: for tests of connectors."""

from datetime import datetime, timedelta
from pathlib import Path

from data.connectors.event_log import Log, read_log
from data.connectors.mapping import parse_mapping
from data.domain.board import Board
from data.domain.rules import parse_event

MAPPING = """
site: {id: shop, name: Shop, timezone: Asia/Taipei}
columns:
  order: Order
  operation: Step
  work_unit: Machine
  start: From
  finish: To
  good: Good
  scrap: Scrap
  quantity: Qty
"""
HEADER = "Order,Step,Machine,From,To,Good,Scrap,Qty"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "log.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def row(order: str, step: str, machine: str, start: str, finish: str, rest: str = "1,0,5") -> str:
    return f"{order},{step},{machine},2026-03-02T{start},2026-03-02T{finish},{rest}"


def read(folder: Path, *rows: str, mapping: str = MAPPING) -> Log:
    return read_log(written(folder, *rows), parse_mapping(mapping))


def short(log: Log, kind: str = "operation") -> list[tuple[str, str]]:
    """Local time and type of the events of one kind of subject."""
    return [
        (local_clock(event["time"]), event["type"].split(".")[1])
        for event in log.events
        if event["subject"].startswith(f"{kind}/")
    ]


def local_clock(time: str) -> str:
    return (datetime.fromisoformat(time) + timedelta(hours=8)).strftime("%H:%M")


def unit_states(log: Log) -> list[tuple[str, str, str | None]]:
    return [
        (local_clock(e["time"]), e["data"]["state"], e["data"].get("operation"))
        for e in log.events
        if e["type"] == "work_unit.state_changed"
    ]


def board_of(log: Log) -> Board:
    board = Board(log.site.id)
    for envelope in (*log.plans, *log.events):
        board.apply(parse_event(envelope, log.ends_at))
    return board
