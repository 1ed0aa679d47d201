"""What may be said on the command line. Imported by `app`."""

import argparse
from pathlib import Path

from data.wiring import DEMO_SITE, DEMO_SOURCE


def parser() -> argparse.ArgumentParser:
    """Return what reads a command line."""
    parser = argparse.ArgumentParser(
        prog="app.py", description="Milepost; settings: docs/settings.md"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("web", help="serve pages, live streams and the API")
    commands.add_parser("worker", help="record events into SQL")
    commands.add_parser("watch", help="forecast, find bottlenecks, account for delays")
    commands.add_parser("notify", help="tell people of exceptions, escalate, send what waits")
    ways = commands.add_parser("ways", help="show the ways out; open one that was shut")
    ways.add_argument("--open", default="", metavar="WAY")
    ways.add_argument("--address", default="", help="of one address of that way alone")
    commands.add_parser("demo", help="run the demo factory")
    commands.add_parser("migrate", help="bring the schema to the newest version, and no more")
    _add_sources(commands)
    aside = commands.add_parser("quarantine", help="show what was not taken, and why")
    aside.add_argument("--site", default=DEMO_SITE)
    for name, words in (
        ("backup", "copy everything that is kept into a new folder"),
        ("restore", "put such a copy into engines that hold nothing yet"),
    ):
        commands.add_parser(name, help=words).add_argument("folder", type=Path)
    _add_archive(commands)
    _add_people(commands)
    _add_keys(commands)
    return parser


def _add_sources(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands that read files and machines."""
    plan = commands.add_parser("import-plan", help="import orders from JSON, CSV or XLSX")
    plan.add_argument("file", type=Path)
    plan.add_argument("--site", default=DEMO_SITE)
    replay = commands.add_parser("replay", help="show an event log on a site of its own")
    replay.add_argument("file", type=Path)
    replay.add_argument("--mapping", type=Path, required=True)
    replay.add_argument("--speed", type=float, default=60.0, help="log seconds a second")
    machines = commands.add_parser("mtconnect", help="report states of MTConnect machines")
    machines.add_argument("adapter", help="HOST:PORT of an adapter, or a recorded SHDR file")
    machines.add_argument("--devices", type=Path, required=True, help="Devices.xml")
    machines.add_argument("--work-unit", action="append", required=True, metavar="DEVICE=UNIT")
    machines.add_argument("--site", default=DEMO_SITE)
    analysis = commands.add_parser("analyse", help="analyse a file of states or active periods")
    analysis.add_argument("what", choices=["bottleneck"])
    analysis.add_argument("file", type=Path)
    analysis.add_argument("--json", action="store_true")


def _add_archive(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command about old events."""
    old = commands.add_parser("archive", help="move old events into files, or bring them back")
    old.add_argument("--before", default="", metavar="YYYY-MM", help="what was recorded before")
    old.add_argument("--site", default="", help="of one site alone")
    old.add_argument("--folder", type=Path, help="where files lie; `archive` in MILEPOST_VAR else")
    again = commands.add_parser("rebuild", help="compare what is derived with the events")
    again.add_argument("--check", action="store_true", help="have nothing made anew")
    again.add_argument("--site", default="", help="of one site alone")
    old.add_argument("--back", default="", metavar="SITE", help="bring its newest run back")


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command about API keys."""
    from data.services.keys import READERS

    key = commands.add_parser("key", help="make, list or revoke API keys")
    key.add_argument("action", choices=["add", "list", "revoke"])
    key.add_argument("what", nargs="?", default="", help="site of a new key, prefix of an old one")
    key.add_argument("--site", default=DEMO_SITE)
    key.add_argument("--source", default=DEMO_SOURCE, help="whose events the key reports")
    key.add_argument("--role", choices=[*READERS], help="a key that reads instead, as who")
    key.add_argument("--party", help="whom a supplier, customer or logistics key reads for")


def _add_people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands about people."""
    from data.domain.people import PEOPLE

    account = commands.add_parser("account", help="make, list, disable or enable accounts")
    actions = account.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make one; prints the link to choose a password with")
    add.add_argument("login")
    add.add_argument("--name", default="")
    add.add_argument("--role", choices=[*PEOPLE], required=True)
    add.add_argument("--site", action="append", help="may be given again; all sites without")
    add.add_argument("--party", help="whom a supplier, customer or logistics account speaks for")
    actions.add_parser("list", help="show all")
    for name, words in (
        ("disable", "let someone in no more"),
        ("enable", "let someone in again"),
        ("reset", "print a link to choose a new password with"),
    ):
        actions.add_parser(name, help=words).add_argument("login")
    trail = commands.add_parser("audit", help="check the audit trail")
    trail.add_argument("action", choices=["verify"])
    trail.add_argument("--head", default="", help="an end that was noted before, NUMBER:CODE")
    trail.add_argument("--after", default="", help="where the part of the secret before ended")
    trail.add_argument("--until", default="", help="where the part of this secret ended")
    rotate = commands.add_parser("rotate-secret", help="go on with another secret of the program")
    rotate.add_argument("file", type=Path, help="holds the new one; without one there, it is made")
