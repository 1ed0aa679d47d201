"""Milepost: the command line, a line each command, and `server`, which gunicorn serves.

`python app.py` runs everything on this machine; `web`, `worker`, `watch`, `notify` and `demo` are
its parts. What a part is put together from stands in `web` for the web process, in `data.wiring`
and `data.commands` for the others.
"""

import sys

if __name__ == "__main__" and sys.argv[1:2] == ["web"]:
    from gevent import monkey

    monkey.patch_all()

import argparse
import gc
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from data.commands import access, archive, backup, notify, parts, rebuild, secrets, showing, sources
from data.commands.parser import parser
from data.services.errors import MilepostError
from data.settings import Settings, SettingsError
from data.wiring import attached, configure_logging

if TYPE_CHECKING:
    from flask import Flask


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    try:
        settings = Settings.from_env(os.environ)
        options = parser().parse_args(arguments)
        configure_logging(settings)
        gc.set_threshold(
            50_000, 20, 50
        )  # boards are large and live long; most garbage has no cycles
        return _run(settings, options)
    except (SettingsError, MilepostError, ValueError, OSError) as error:
        if os.environ.get("MILEPOST_LOG_LEVEL") == "debug":
            raise
        print(error, file=sys.stderr)
        return 2


def _run(settings: Settings, options: argparse.Namespace) -> int:
    name = options.command
    if name == "analyse":
        return showing.analyse(options.file, options.json)
    if name is None:
        return _everything(settings)
    return _beside(options)[name](attached(settings))


def _beside(options: argparse.Namespace) -> dict[str, Callable[[Settings], int]]:
    """Return what runs on engines that are there already, by the name of its command."""
    return {
        "web": _web,
        "migrate": parts.migrate,
        "worker": parts.work,
        "watch": parts.watch,
        "notify": _notify,
        "ways": lambda settings: notify.show_ways(settings, options.open, options.address),
        "demo": parts.simulate,
        "import-plan": lambda settings: sources.import_plan(settings, options.file, options.site),
        "replay": lambda settings: sources.replay_log(
            settings, options.file, options.mapping, options.speed
        ),
        "quarantine": lambda settings: showing.show_quarantine(settings, options.site),
        "mtconnect": lambda settings: sources.read_machines(settings, options),
        "account": lambda settings: access.manage_accounts(settings, options),
        "audit": lambda settings: access.verify_audit(settings, options),
        "key": lambda settings: access.manage_keys(settings, options),
        "backup": lambda settings: backup.backup(settings, options.folder),
        "archive": lambda settings: archive.archive(settings, options),
        "rebuild": lambda settings: rebuild.rebuild(settings, options.check, options.site),
        "restore": lambda settings: backup.restore(settings, options.folder),
        "rotate-secret": lambda settings: secrets.rotate_secret(settings, options.file),
    }


# What follows is loaded by its own command alone, so that the others start sooner.


def _everything(settings: Settings) -> int:
    """Run engines and all parts as children of this process."""
    from data.commands.everything import run_all

    return run_all(settings, __file__)


def _web(settings: Settings) -> int:
    """Serve the web application."""
    from callbacks.wiring.process import serve

    return serve(settings)


def _notify(settings: Settings) -> int:
    """Tell people what happened, in words."""
    from callbacks.papers import Papers
    from callbacks.wording import Words

    return notify.notify(settings, Words, Papers)


def create_server(settings: Settings) -> "Flask":
    """Wire the web application and start its readers. To be called under gevent."""
    from callbacks.wiring import server

    return server.create_server(settings)


def __getattr__(name: str) -> Any:
    """Make `server` when gunicorn asks for it."""
    if name != "server":
        raise AttributeError(name)
    from callbacks.wiring.process import migrated_server

    settings = attached(Settings.from_env(os.environ))
    configure_logging(settings)
    return migrated_server(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
