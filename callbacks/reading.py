"""The HTTP API that reads: rows by pages, one order, bottlenecks, the stream, and its own document.

For API keys that read, and for whoever is signed in. What may not be seen isn't there (404).
"""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from callbacks.api import Problem, answer_error, answer_problem, bearer, unauthorised
from callbacks.gate import viewer, while_known
from callbacks.hub import Hub
from callbacks.limits import ReadLimit
from callbacks.looks import Asker, Looks
from callbacks.openapi import document
from callbacks.row_stream import Follow, frames
from callbacks.streams import HEADERS
from data.domain.facts import LineBottleneck
from data.domain.paging import CursorError
from data.domain.policy import Kind
from data.domain.scope import Role, Scope
from data.domain.view import Standing
from data.services.boards import Boards
from data.services.errors import MilepostError, Unavailable
from data.services.keys import Keys
from data.services.reading import Age, Asked, Reading

MOST_ROWS = 1000
MOST_TEXT = 500
MOST_STREAMS = 20
RECHECK_S = 4.0
PATHS = {
    Kind.ORDER: "orders", Kind.OPERATION: "operations", Kind.MILESTONE: "milestones",
    Kind.NEED: "needs", Kind.EXCEPTION: "exceptions",
}  # fmt: skip
_CHOICE = ("site", "order", "standing", "cursor", "limit")
_LINE = (
    "area", "as_of", "work_unit", "since", "active_s", "paused", "today", "clear", "reason",
    "agree", "differ", "trend", "final_until",
)  # fmt: skip


class ReadingApi:
    """The handlers, with the services they call."""

    def __init__(
        self, reading: Reading, boards: Boards, keys: Keys, looks: Looks, hub: Hub, follow: Follow,
        limit: ReadLimit | None = None,
    ) -> None:  # fmt: skip
        self._reading = reading
        self._boards = boards
        self._keys = keys
        self._looks = looks
        self._hub = hub
        self._follow = follow
        self._limit = limit
        self._open: Counter[str] = Counter()  # streams, by who reads them

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("reading", __name__, url_prefix="/api/v1")
        for kind, path in PATHS.items():
            routes.get(f"/{path}", endpoint=path)(self._rows_of(kind))
        routes.get("/orders/<order>")(self.order)
        routes.get("/bottleneck")(self.bottleneck)
        routes.get("/stream")(self.stream)
        routes.get("/openapi.json")(self.openapi)
        routes.register_error_handler(Problem, answer_problem)
        routes.register_error_handler(MilepostError, answer_error)
        if self._limit is not None:
            self._limit.guard(routes, self._counted_as)
        return routes

    def _rows_of(self, kind: Kind) -> Callable[[], Response]:
        """Return the handler that answers with pages of one kind of rows."""

        def handler() -> Response:
            asker = self._asker()
            given = _given(_CHOICE)
            site = _site(asker.scope, given)
            try:
                age, page = self._reading.page(asker.scope, site, kind, _asked(given))
            except CursorError:
                raise Problem(
                    400, "expected the `next` of the page before", field="cursor"
                ) from None
            self._looks.note(asker, site, f"api/{PATHS[kind]}", page.rows)
            return _answer(age, {PATHS[kind]: page.rows, "next": page.next})

        return handler

    def order(self, order: str) -> Response:
        """Answer with everything that the viewer may know of one order."""
        asker = self._asker()
        site = _site(asker.scope, _given(("site",)))
        age, found = self._reading.order(asker.scope, site, order)
        self._looks.note(asker, site, "api/order", [row for some in found.values() for row in some])
        rows = {PATHS[kind]: found[kind] for kind in Kind if kind is not Kind.ORDER}
        return _answer(age, {"order": next(iter(found[Kind.ORDER]), None), **rows})

    def bottleneck(self) -> Response:
        """Answer with where the bottlenecks of the lines are."""
        scope = self._asker().scope
        given = _given(("site", "area"))
        age, lines = self._reading.bottlenecks(scope, _site(scope, given), given.get("area"))
        return _answer(age, {"lines": [_line(line) for line in lines]})

    def stream(self) -> Response:
        """Stream what changes."""
        asker = self._asker()
        scope, site = asker.scope, _site(asker.scope, _given(("site",)))
        if self._open[asker.actor] >= MOST_STREAMS:
            problem = Problem(429, f"you have {MOST_STREAMS} streams open already")
            problem.headers["Retry-After"] = "60"
            raise problem
        live = self._reading.live(scope, site)
        self._looks.note(asker, site, "api/stream")
        packed = request.accept_encodings.quality("gzip") > 0
        last_id = request.headers.get("Last-Event-ID")
        chunks = frames(
            self._hub, self._boards, scope, live, self._follow, self._reading.pause, last_id, packed
        )
        counted = self._counted(asker.actor, self._while_allowed(chunks))
        answer = Response(counted, mimetype="text/event-stream", headers=HEADERS)
        if packed:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    def openapi(self) -> Response:
        """Answer with the description of the whole API."""
        return Response(msgspec.json.encode(document()), mimetype="application/json")

    def _asker(self) -> Asker:
        """Return who asks: a key that reads, else whoever is signed in."""
        address = request.remote_addr or ""
        if "Authorization" in request.headers:
            grant = self._keys.verify(bearer())
            if grant is None:
                raise unauthorised()
            if grant.scope.role is Role.SOURCE:
                raise Problem(403, "this key reports; it may not read")
            return Asker(scope=grant.scope, actor=f"key/{grant.prefix}", address=address)
        if not viewer().known:
            raise unauthorised()
        return Asker(scope=viewer().scope, actor=viewer().actor, address=address)

    def _counted_as(self) -> str:
        """Return under whose name a request is counted; of who isn't known, the address."""
        try:
            return self._asker().actor
        except (Problem, MilepostError):
            return f"address/{request.remote_addr}"

    def _counted(
        self, actor: str, chunks: Generator[bytes, None, None]
    ) -> Generator[bytes, None, None]:
        self._open[actor] += 1
        try:
            with closing(chunks):
                yield from chunks
        finally:
            self._open[actor] -= 1
            if not self._open[actor]:
                del self._open[actor]

    def _while_allowed(self, chunks: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
        """Hand a stream on until its key is revoked, or its viewer signs out."""
        token = bearer()
        return _while_works(self._keys, token, chunks) if token else while_known(chunks)


def _while_works(
    keys: Keys, token: str, chunks: Generator[bytes, None, None]
) -> Generator[bytes, None, None]:
    due = time.monotonic() + RECHECK_S
    with closing(chunks):
        for chunk in chunks:
            if time.monotonic() >= due:
                if not _works(keys, token):
                    return
                due = time.monotonic() + RECHECK_S
            yield chunk


def _works(keys: Keys, token: str) -> bool:
    try:
        return keys.verify(token) is not None
    except Unavailable:
        return False


def _given(names: Iterable[str]) -> dict[str, str]:
    """Return the parameters of the request, each of them known and given once."""
    for name, values in request.args.lists():
        if name not in names:
            raise Problem(400, f"expected no parameters but {', '.join(names)}", field=name[:100])
        if len(values) > 1 or len(values[0]) > MOST_TEXT:
            raise Problem(400, f"expected one value of at most {MOST_TEXT} characters", field=name)
    return request.args.to_dict()


def _site(scope: Scope, given: dict[str, str]) -> str:
    """Return the site asked for; the only one there is for the viewer may go without saying."""
    site = given.get("site") or (scope.sites[0] if len(scope.sites) == 1 else "")
    if not site:
        raise Problem(400, "expected the id of a site", field="site")
    return site


def _asked(given: dict[str, str]) -> Asked:
    standing = given.get("standing")
    if standing is not None and standing not in list(Standing):
        raise Problem(400, f"expected one of {', '.join(Standing)}", field="standing")
    limit = given.get("limit", str(Asked().limit))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST_ROWS):
        raise Problem(400, f"expected a number from 1 to {MOST_ROWS}", field="limit")
    return Asked(
        order=given.get("order"), standing=standing, cursor=given.get("cursor"), limit=int(limit)
    )


def _line(line: LineBottleneck) -> dict[str, Any]:
    return {name: getattr(line, name) for name in _LINE}


def _answer(age: Age, body: dict[str, Any]) -> Response:
    content = msgspec.json.encode({**msgspec.structs.asdict(age), **body})
    answer = Response(content, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
