"""The web process itself: what `python app.py web` runs, and the server that gunicorn serves.

Imported by `app` alone.
"""

import signal
from functools import partial

import gevent
import structlog
from flask import Flask
from gevent.pywsgi import WSGIServer

from callbacks.wiring.server import create_server
from data.settings import Settings
from data.store.migrate import upgrade
from data.wiring import address, patiently

_log = structlog.get_logger("milepost")


def migrated_server(settings: Settings) -> Flask:
    """Return the web application on the newest schema. To be called under gevent."""
    patiently(lambda: upgrade(settings.database_url or ""))
    return create_server(settings)


def serve(settings: Settings) -> int:
    """Serve the web application in this process until SIGTERM."""
    server = WSGIServer((settings.host, settings.port), migrated_server(settings), log=None)
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, partial(server.stop, timeout=3))
    _log.info("serving", address=address(settings), build=settings.build)
    server.serve_forever()
    return 0
