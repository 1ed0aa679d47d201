"""`GET /live/ready`: whether a page that stands in for another may go; `assets/again.js` asks.

`?wall=` of a wall, else of any page. Says what the page itself would say to whoever asks, and no
more. Registered by `callbacks.web`.
"""

from flask import Blueprint, Response, jsonify, request

from callbacks.gate import viewer
from callbacks.walls import Walls
from data.domain.scope import Scope
from data.services.sites import Sites
from layouts.components.again import EARLY, NONE, THERE, Again
from layouts.urls import address

PATH = "/live/ready"


def again(shown: str, wall: str | None = None) -> Again:
    """Return what a page asks that shows this in place of itself, or of a wall."""
    return Again(address(PATH, {"wall": wall}), shown)


def is_early(sites: Sites, scope: Scope) -> bool:
    """Whether it can't be told yet which pages there are for someone.

    Boards are being loaded, there is no site at all, or none of theirs has sent its model.
    """
    if not sites.loaded or not sites.ids():
        return True
    theirs = sites.disclosing(scope)
    return bool(theirs) and not any(live.known for live in theirs)


def blueprint(walls: Walls) -> Blueprint:
    """Return the route."""
    waiting = Blueprint("waiting", __name__)

    @waiting.get(PATH)
    def ready() -> Response:
        wall = request.args.get("wall")
        state = _page(walls.sites) if wall is None else _wall(walls, wall)
        said = jsonify(state=state)
        said.headers["Cache-Control"] = "no-store"
        return said

    return waiting


def _page(sites: Sites) -> str:
    return EARLY if is_early(sites, viewer().scope) else THERE


def _wall(walls: Walls, screen_id: str) -> str:
    screen = walls.screen(screen_id, None)
    if screen is None:
        return NONE
    if walls.wall(screen, viewer()) is not None:
        return THERE
    return EARLY if walls.is_early(screen, viewer()) else NONE
