"""`GET /live/wall/<screen>`: the live stream of a wall, as Server-Sent Events."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, request

from callbacks.gate import viewer, while_known
from callbacks.hub import ChannelKey, Hub
from callbacks.viewer import chosen_language
from callbacks.walls import Walls, wall_scope
from data.services.errors import Loading

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def blueprint(hub: Hub, walls: Walls) -> Blueprint:
    """Return the routes."""
    streams = Blueprint("streams", __name__, url_prefix="/live")
    streams.get("/wall/<screen_id>")(wall_stream(hub, walls))
    return streams


def wall_stream(hub: Hub, walls: Walls) -> Callable[[str], Response]:
    """Return the handler of a wall's stream."""

    def handler(screen_id: str) -> Response:
        screen = walls.screen(screen_id, chosen_language(request.args.get("lang")))
        wall = walls.wall(screen, viewer()) if screen else None
        if wall is None and not walls.sites.loaded:
            raise Loading("which walls there are isn't known yet")
        if screen is None or wall is None:
            abort(404)
        key = ChannelKey("wall", screen.site, wall_scope(screen.site).key, screen.id, screen.locale)
        packed = request.accept_encodings.quality("gzip") > 0
        last_id = request.headers.get("Last-Event-ID")
        frames = hub.stream(key, wall.render, wall.beat, last_id, packed)
        answer = Response(while_known(frames), mimetype="text/event-stream", headers=HEADERS)
        if packed:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    return handler
