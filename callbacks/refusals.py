"""What is answered where nothing is, and while SQL is away: a page for readers, a line for others.

Imported by `callbacks.web`. The API answers in its own form.
"""

from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, request

from callbacks.later import later
from callbacks.plain_pages import PlainPages
from data.services.errors import Forbidden, Loading, Unavailable
from layouts.pages import doors, message
from layouts.plain import tag


class Refusals:
    """Error handlers of a server; what they say is the same for everybody."""

    def __init__(self, pages: PlainPages) -> None:
        self._pages = pages

    def register(self, server: Flask) -> None:
        """Answer what no handler answered itself."""
        server.register_error_handler(404, self.not_found)
        server.register_error_handler(Forbidden, self.not_found)
        for error in (DependencyException, InvalidResourceError):  # of scripts that aren't there
            server.register_error_handler(error, self.not_found)
        server.register_error_handler(Unavailable, self.unavailable)

    def not_found(self, error: object) -> Response:
        """Say that nothing is there, whether nothing is or it is somebody else's."""
        t = self._pages.t()
        words = t("Nothing stands at this address, or it isn't yours to see.")
        return self._answer(t("Not found"), words, 404)

    def unavailable(self, error: Unavailable) -> Response:
        """Say that it can't be done now; what was only looked at is asked for again by itself."""
        t = self._pages.t()
        words = message.NOT_READY if isinstance(error, Loading) else doors.WORDS["away"]
        answer = self._answer(t("One moment"), t(words), 503)
        later(answer, error)
        return answer

    def _answer(self, heading: str, words: str, status: int) -> Response:
        if not request.accept_mimetypes.accept_html:
            return Response(heading + "\n", status, mimetype="text/plain")
        onward = self._pages.t()("All sites and screens")
        home = tag("a", onward, href="/", class_="mp-button")
        body = tag("h1", heading) + tag("p", words) + tag("p", home)
        return self._pages.alone(heading, body, status)
