"""The web application: Dash with its pages, the live streams, the API, the operating routes."""

import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dash
import structlog
from dash import Dash
from flask import Blueprint, Flask, Response

from callbacks.api import Api
from callbacks.calls import Calls
from callbacks.desk.exports import blueprint as exports
from callbacks.desk.live import blueprint as desk_live
from callbacks.desk.shell import Shell
from callbacks.entry import Entry
from callbacks.hub import Hub
from callbacks.links import known_sites
from callbacks.operating import Life, Operating
from callbacks.pages import Pages
from callbacks.plain_pages import PlainPages
from callbacks.refusals import Refusals
from callbacks.streams import blueprint as streams
from callbacks.viewer import remember, translator_of
from callbacks.waiting import blueprint as waiting
from callbacks.walls import Walls
from layouts.pages import message

_ASSETS = Path(__file__).resolve().parent.parent / "assets"
LIFE = "milepost_life"  # under which whoever hosts a server finds what begins and ends it
_CONTENT = "_pages_content"  # where Dash puts pages
_log = structlog.get_logger("web")


def build(
    walls: Walls, hub: Hub, api: Api, operating: Operating, entry: Entry, locale: str,
    shell: Shell | None = None, more: Sequence[Blueprint] = (),
) -> Flask:  # fmt: skip
    """Return the Flask server with everything on it; without a shell there are walls alone.

    `more`: routes of single pages.
    """
    app = _dash()
    server: Flask = app.server
    server.debug = False  # whatever the environment says
    server.extensions[LIFE] = Life(operating.is_ready, hub.close)
    pages = shell.pages if shell else ()
    head = (shell or Shell(walls.sites, pages, None, locale)).plain_head
    plain = PlainPages(head, partial(known_sites, walls.sites), locale)
    Refusals(plain).register(server)
    entry.register(app, walls.sites.ids, pages, plain)
    Calls(app).register(server)
    server.register_blueprint(operating.blueprint())
    server.register_blueprint(api.blueprint())
    server.register_blueprint(streams(hub, walls))
    server.register_blueprint(waiting(walls))
    Pages(walls, locale, pages).register(app)
    if shell is not None:
        shell.register(app)
        server.register_blueprint(exports(shell))
        server.register_blueprint(desk_live(hub, walls.sites))
    for routes in more:
        server.register_blueprint(routes)
    server.after_request(_finished)
    return server


def _dash() -> Dash:
    return Dash(
        "milepost",
        assets_folder=str(_ASSETS),
        use_pages=True,
        pages_folder="",
        title="Milepost",
        update_title="",
        serve_locally=True,
        suppress_callback_exceptions=False,
        enable_mcp=False,
        on_error=_on_error,
    )


def _on_error(error: Exception) -> Any:
    """Log a callback's failure whole; the viewer is told no more than its reference."""
    reference = secrets.token_hex(4)
    _log.error("callback failed", reference=reference, exc_info=error)
    if not _draws_a_page():
        return None
    return message.broken(reference, translator_of("en", None)), {"title": "Milepost"}


def _draws_a_page() -> bool:
    """Whether the callback that failed is Dash's own, which puts a whole page into the window."""
    outputs = dash.ctx.outputs_list
    return isinstance(outputs, list) and any(one.get("id") == _CONTENT for one in outputs)


def _finished(answer: Response) -> Response:
    """Remember what was chosen; keep browsers from guessing."""
    remember(answer)
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "same-origin")
    answer.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    return answer
