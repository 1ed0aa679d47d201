"""The web application: Dash with its pages, the live streams, the API, the operating routes."""

import secrets
from pathlib import Path

import structlog
from dash import Dash
from flask import Flask, Response, request

from callbacks.api import Api
from callbacks.hub import Hub
from callbacks.operating import Operating
from callbacks.pages import LANGUAGE_COOKIE, Pages
from callbacks.streams import blueprint as streams
from callbacks.walls import Walls
from layouts.text import LOCALES

_ASSETS = Path(__file__).resolve().parent.parent / "assets"
_YEAR_S = 365 * 24 * 3600
_log = structlog.get_logger("web")


def build(walls: Walls, hub: Hub, api: Api, operating: Operating, locale: str) -> Flask:
    """Return the Flask server with everything on it."""
    app = Dash(
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
    server: Flask = app.server
    server.register_blueprint(operating.blueprint())
    server.register_blueprint(api.blueprint())
    server.register_blueprint(streams(hub, walls))
    Pages(walls, locale).register(app)
    server.after_request(_finished)
    return server


def _on_error(error: Exception) -> None:
    """Log a callback's failure whole; the viewer is told no more than its reference."""
    _log.error("callback failed", reference=secrets.token_hex(4), exc_info=error)


def _finished(answer: Response) -> Response:
    """Remember the language that was chosen; keep browsers from guessing."""
    lang = request.args.get("lang")
    if lang in LOCALES:
        answer.set_cookie(LANGUAGE_COOKIE, lang, max_age=_YEAR_S, samesite="Lax")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "same-origin")
    answer.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    return answer
