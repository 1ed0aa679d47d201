"""`POST /needs/act/comment`: what the factory writes to a supplier about a need or an operation.

From the page of needs and from an order's. The row is sought again among those that the
session's scope gets.
"""

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as Answer

from callbacks.desk.form_answers import done, later, wrong
from callbacks.gate import viewer
from callbacks.viewer import translator_of
from data.services.comments import LONGEST, SPEAK, WordsError
from data.services.errors import Forbidden, Overloaded, Unavailable
from data.services.need_talks import NeedTalks
from data.services.supplying import By
from layouts.components import need_words as words

_LONGEST = 4000


class NeedActs:
    """The handler."""

    def __init__(self, talks: NeedTalks, locale: str) -> None:
        self._talks = talks
        self._locale = locale

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("needs", __name__, url_prefix="/needs")
        routes.post("/act/comment")(self.comment)
        return routes

    def comment(self) -> Answer:
        """Write a comment, or say what is wrong with it."""
        who, t = viewer(), translator_of(self._locale, None)
        if who.scope.role not in SPEAK:
            abort(404)
        by = By(scope=who.scope, actor=who.actor, name=who.name, address=request.remote_addr or "")
        try:
            self._talks.say(by, _given("site"), _given("key"), _given("words"))
        except WordsError:
            said = words.expected_words("words", {"most": LONGEST}, t)
            return wrong({"field": "words", "words": said})
        except Forbidden:
            abort(404)
        except (Unavailable, Overloaded) as error:
            return later(error.retry_after_s, t)
        return done(t(words.SAID["comment"]), "/needs")


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]
