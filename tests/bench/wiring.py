"""Live walls for the bench's own servers, wired as `app` does it. To be imported under gevent."""

from collections.abc import Callable
from os import environ
from typing import Any

import gevent
from flask import Flask
from gevent.pywsgi import WSGIServer

from callbacks.entry import Entry
from callbacks.gate import Door
from callbacks.walls import Walls
from data.services.sites import Sites
from data.settings import Settings
from data.wiring import Engines, People
from layouts.screens import FILE, load

SECRET, PUSH = b"of a bench alone", "push"


def wired() -> tuple[Settings, Engines, Sites, Walls]:
    """The engines that the environment names, their sites followed, and their walls."""
    settings = Settings.from_env(environ)
    engines = Engines(settings)
    sites = engines.followed(gevent.spawn, gevent.sleep)
    return settings, engines, sites, Walls(sites, load(FILE), settings.build)


def entrance(engines: Engines) -> Entry:
    """The gate of a bench's own server; what it adds to the program is for whoever is known."""
    people = People(engines.sql, SECRET)
    return Entry(
        identity=people.identity, accounts=people.desk, audit=people.audit, forms_key=SECRET,
        doors={PUSH: Door.KNOWN},
    )  # fmt: skip


def serve(settings: Settings, app: "Flask | Callable[..., Any]") -> None:
    """Serve until the process is told to stop."""
    WSGIServer((settings.host, settings.port), app, log=None).serve_forever()
