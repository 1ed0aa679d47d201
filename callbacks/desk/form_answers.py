"""How forms on boards are answered: as JSON to a script, with which the page says it in place.

Without a script the browser is sent back to the board, or told in plain text.
"""

from typing import Any

from flask import Response, jsonify, request
from werkzeug.wrappers import Response as Answer

from callbacks.gate import local_path
from layouts.components import need_words as words
from layouts.text import Translator

_LONGEST = 4000


def done(said: str, otherwise: str) -> Answer:
    """Say what was done; without a script go back, or `otherwise` there."""
    if _wants_json():
        return jsonify({"ok": True, "said": said})
    answer = Response(status=303)
    answer.headers["Location"] = local_path(request.form.get("back", "")[:_LONGEST] or otherwise)
    return answer


def wrong(told: dict[str, Any]) -> Answer:
    """Say what is wrong: `field`, `words`, and `faults` where there are several."""
    if _wants_json():
        answer = jsonify({"ok": False, **told})
        answer.status_code = 422
        return answer
    lines = [told["words"], *told.get("faults", [])]
    return Response("\n".join(lines) + "\n", 422, mimetype="text/plain")


def later(retry_after_s: int, t: Translator) -> Answer:
    """Say that it can be sent again in a moment."""
    answer = wrong({"field": "", "words": t(words.LATER)})
    answer.status_code = 503
    answer.headers["Retry-After"] = str(retry_after_s)
    return answer


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == (
        "application/json"
    )
