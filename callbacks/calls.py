"""What a browser may ask of Dash's one route for callbacks: those that there are, as they are.

Dash believes what is sent: invented elements, outputs and triggers, of any form. Here a call is
let on only if it names a callback with precisely its own elements; values stay strangers' words,
which each callback checks. Imported by `callbacks.web`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash
from flask import Flask, Response, request

ENDPOINT = "/_dash-update-component"
MOST_BYTES = 256 * 1024
Named = tuple[str, str]


class Calls:
    """Stands before Dash's callbacks."""

    def __init__(self, app: Dash) -> None:
        self._app = app

    def register(self, server: Flask) -> None:
        """Look at every call before Dash does; who asks has been looked at by then."""
        server.before_request(self.before)

    def before(self) -> Response | None:
        """Refuse what is no call of a callback that there is."""
        if request.endpoint != ENDPOINT or request.method != "POST":
            return None
        if (request.content_length or 0) > MOST_BYTES:
            return _refused(413)
        return None if self._is_call(_body()) else _refused(400)

    def _is_call(self, body: Any) -> bool:
        output = body.get("output") if isinstance(body, dict) else None
        known = self._app.callback_map.get(output) if isinstance(output, str) else None
        if known is None or "callback" not in known:  # the rest run in the browser
            return False
        inputs = _named(known["inputs"])
        return (
            _sent(_many(body.get("outputs"))) == _outputs(output)
            and _sent(body.get("inputs")) == inputs
            and _sent(body.get("state", [])) == _named(known["state"])
            and _are_among(body.get("changedPropIds", []), [".".join(one) for one in inputs])
        )


def _body() -> Any:
    """Return what was sent; None where it is no JSON, or text that can't be written down."""
    try:
        body = request.get_json(silent=True)
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return body


def _named(elements: Sequence[Mapping[str, str]]) -> list[Named]:
    return [(one["id"], one["property"]) for one in elements]


def _outputs(output: str) -> list[Named]:
    """Return the elements that Dash's name of a callback's outputs stands for."""
    parts = output.strip(".").split("...") if output.startswith("..") else [output]
    names = [part.partition("@")[0].rpartition(".") for part in parts]
    return [(element, prop) for element, _, prop in names]


def _sent(elements: Any) -> list[Named] | None:
    """Return the elements that were sent; None where there are none, or in another form."""
    if not isinstance(elements, list) or not all(isinstance(one, dict) for one in elements):
        return None
    named = [(one.get("id"), one.get("property")) for one in elements]
    return named if all(isinstance(part, str) for pair in named for part in pair) else None


def _many(outputs: Any) -> Any:
    """Return outputs as a list; one alone is sent by itself."""
    return [outputs] if isinstance(outputs, dict) else outputs


def _are_among(changed: Any, known: Sequence[str]) -> bool:
    return isinstance(changed, list) and all(
        isinstance(one, str) and one in known for one in changed
    )


def _refused(status: int) -> Response:
    return Response("no such callback\n", status, mimetype="text/plain")
