"""The HTTP API: the way in for machines, MES, ERP and scripts.

CloudEvents 1.0 over HTTP (structured, binary, batch). Each handler authorises the key, parses,
calls one service and answers; what goes wrong becomes a JSON problem with the field named.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec
from flask import Blueprint, Response, request

from callbacks.metrics import EVENTS, SHED
from data.domain.plan import Order
from data.domain.plan_rules import to_envelopes
from data.domain.scope import Role, factory_scope
from data.domain.site import Site
from data.services.admission import Admission, Shed
from data.services.errors import Forbidden, MilepostError, Overloaded, Unavailable
from data.services.ingest import Ingest, Status, Verdict
from data.services.keys import Grant, Keys
from data.services.live import LiveSite
from data.services.sites import Sites

MAX_EVENTS = 1000
MAX_EVENTS_BYTES = 8 * 1024 * 1024
MAX_PLAN_BYTES = 20 * 1024 * 1024
_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_JSON = "application/json"
PROBLEM = "application/problem+json"
_PLAN_FORMS = {
    _JSON: "plan.json",
    "text/csv": "plan.csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "plan.xlsx",
}
_TEMPLATE_TYPES = {form.rpartition(".")[2]: name for name, form in _PLAN_FORMS.items()}


class Log(Protocol):
    """What the API asks of the log."""

    def signal(self, site: str, work_units: Sequence[str], at_s: float) -> None:
        """These are connected."""

    def announce(self, site: str) -> None:
        """Make a site known."""


class PlanFile(Protocol):
    """A plan that was read: orders, or errors by row and column."""

    orders: tuple[Order, ...]
    errors: tuple[Any, ...]


class Problem(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, title: str, **more: Any) -> None:
        super().__init__(title)
        self.status, self.body = status, {"title": title, **more}
        self.headers: dict[str, str] = {}


class Api:
    """The handlers, with the services they call."""

    def __init__(
        self, ingest: Ingest, sites: Sites, keys: Keys, log: Log,
        read_plan: Callable[[str, bytes, Site], PlanFile],
        template: Callable[[str, Site | None], bytes],
        now: Callable[[], datetime],
        admission: Admission | None = None,
    ) -> None:  # fmt: skip
        """`admission`: says whether more is taken now; without one everything is."""
        self._admission = admission
        self._ingest = ingest
        self._sites = sites
        self._keys = keys
        self._log = log
        self._read = read_plan
        self._template = template
        self._now = now
        self._buckets: dict[str, _Bucket] = {}

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        api = Blueprint("api", __name__, url_prefix="/api/v1")
        api.post("/events")(self.post_events)
        api.put("/orders")(self.put_orders)
        api.put("/site")(self.put_site)
        api.post("/signals")(self.post_signals)
        api.get("/orders/template.<form>")(self.get_template)
        api.register_error_handler(Problem, answer_problem)
        api.register_error_handler(MilepostError, answer_error)
        return api

    def post_events(self) -> Response:
        """Take one event (structured or binary) or a batch."""
        grant = self._authorise()
        with self._entered(grant):
            envelopes, single = _envelopes()
            self._limit(grant, len(envelopes))
            verdicts = self._accept(grant, envelopes)
        refused_alone = single and verdicts[0].status is Status.REFUSED
        return _json(_answer(verdicts), 422 if refused_alone else 200)

    def put_orders(self) -> Response:
        """Take order plans as JSON, CSV or XLSX; nothing of a file with errors, but every reason.

        A large one is appended in portions: what came before a failure counts once when repeated.
        """
        grant = self._authorise()
        with self._entered(grant):
            return self._planned(grant)

    def _planned(self, grant: Grant) -> Response:
        plan = self._read_plan(grant)
        if plan.errors:
            raise Problem(422, "the plan has errors; nothing was changed", errors=plan.errors)
        self._limit(grant, len(plan.orders))
        source = grant.scope.source or ""
        live = self._live(grant)
        envelopes = to_envelopes(plan.orders, source, live.now, live.board.orders)
        verdicts: list[Verdict] = []
        for first in range(0, len(envelopes), MAX_EVENTS):
            verdicts += self._accept(grant, envelopes[first : first + MAX_EVENTS])
        answer = _answer(verdicts)
        answer[Status.DUPLICATE.value] += len(plan.orders) - len(envelopes)
        return _json(answer, 200)

    def put_site(self) -> Response:
        """Take the site's document: equipment, calendars, parties."""
        grant = self._authorise()
        with self._entered(grant):
            envelope = _site_envelope(grant, self._now(), _body(MAX_PLAN_BYTES))
            verdicts = self._accept(grant, [envelope])
        if verdicts[0].status is Status.ACCEPTED:
            self._log.announce(_site(grant))
        return _json(_answer(verdicts), 422 if verdicts[0].status is Status.REFUSED else 200)

    def post_signals(self) -> Response:
        """Note that work units are connected now."""
        grant = self._authorise()
        body = _body(MAX_EVENTS_BYTES)
        units = body.get("work_units") if isinstance(body, dict) else None
        if not isinstance(units, list) or not all(isinstance(unit, str) for unit in units):
            raise Problem(422, "expected a list of ids", field="work_units")
        live = self._live(grant)
        for unknown in sorted(set(units) - live.units):
            raise Problem(422, f"no work unit {unknown!a} at {_site(grant)}", field="work_units")
        self._log.signal(_site(grant), units, self._now().timestamp())
        return Response(status=204)

    def get_template(self, form: str) -> Response:
        """Return a filled example of a plan file."""
        if form not in _TEMPLATE_TYPES:
            raise Problem(404, "there are templates in xlsx, csv and json")
        content = self._template(form, None)
        answer = Response(content, mimetype=_TEMPLATE_TYPES[form])
        answer.headers["Content-Disposition"] = f"attachment; filename=milepost-plan.{form}"
        return answer

    def _accept(self, grant: Grant, envelopes: Sequence[Any]) -> list[Verdict]:
        site = _site(grant)
        verdicts = self._ingest.accept(grant.scope, site, envelopes, self._now())
        for verdict in verdicts:
            EVENTS.labels(site, verdict.status).inc()
        return verdicts

    def _read_plan(self, grant: Grant) -> PlanFile:
        name = _PLAN_FORMS.get(request.mimetype)
        if name is None:
            raise Problem(415, "expected " + ", ".join(_PLAN_FORMS))
        live = self._live(grant)
        return self._read(name, _raw(MAX_PLAN_BYTES), live.board.site)

    def _live(self, grant: Grant) -> LiveSite:
        return self._sites.current(factory_scope(_site(grant)), _site(grant))

    def _authorise(self) -> Grant:
        grant = self._keys.verify(bearer())
        if grant is None:
            raise unauthorised()
        if grant.scope.role is not Role.SOURCE:
            raise Problem(403, "this key reads; it may not report")
        return grant

    @contextmanager
    def _entered(self, grant: Grant) -> Iterator[None]:
        """Let a request in before its body is looked at, or refuse it; count what is refused."""
        if self._admission is None:
            yield
            return
        try:
            with self._admission.entered(_site(grant)):
                yield
        except Shed as shed:
            SHED.labels(_site(grant), shed.why).inc()
            raise

    def _limit(self, grant: Grant, events: int) -> None:
        bucket = self._buckets.setdefault(grant.prefix, _Bucket(grant.rate_per_s))
        wait_s = bucket.take(events)
        if wait_s > 0:
            problem = Problem(429, f"this key may send {grant.rate_per_s:g} events a second")
            problem.headers["Retry-After"] = str(int(wait_s) + 1)
            raise problem


class _Bucket:
    """A token bucket that holds two seconds of a key's rate, at least one full batch."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate = rate_per_s
        self._room = self._most = max(2.0 * rate_per_s, MAX_EVENTS)
        self._at = time.monotonic()

    def take(self, count: int) -> float:
        """Take tokens; return 0, or the seconds until there are enough.

        What is larger than the bucket takes all of it, else it could never be sent.
        """
        count = min(count, int(self._most))
        now = time.monotonic()
        self._room = min(self._most, self._room + (now - self._at) * self._rate)
        self._at = now
        if self._room < count:
            return (count - self._room) / self._rate
        self._room -= count
        return 0.0


def bearer() -> str:
    """Return the API key that the request shows; empty when it shows none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def unauthorised() -> Problem:
    """Return the answer to a request without a key that works."""
    problem = Problem(401, "expected Authorization: Bearer with a valid API key")
    problem.headers["WWW-Authenticate"] = "Bearer"
    return problem


def _site(grant: Grant) -> str:
    return grant.scope.sites[0]


def _site_envelope(grant: Grant, at: datetime, document: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"site-{at.isoformat()}",
        "source": grant.scope.source,
        "type": "plan.changed",
        "subject": f"site/{_site(grant)}",
        "time": at.isoformat(),
        "data": {"site": document},
    }


def _envelopes() -> tuple[list[Any], bool]:
    """Return the request's events, and whether it was a single one."""
    if request.mimetype == _BATCH:
        return _batch(_body(MAX_EVENTS_BYTES)), False
    if request.mimetype == _STRUCTURED:
        return [_body(MAX_EVENTS_BYTES)], True
    if request.mimetype == _JSON and "ce-specversion" in request.headers:
        return [_binary()], True
    raise Problem(415, f"expected {_STRUCTURED}, {_BATCH}, or {_JSON} with ce- headers")


def _batch(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise Problem(400, "expected a JSON array of events")
    if len(body) > MAX_EVENTS:
        raise Problem(413, f"expected at most {MAX_EVENTS} events in a request")
    return body


def _binary() -> dict[str, Any]:
    names = ("specversion", "id", "source", "type", "subject", "time")
    envelope = {name: _attribute(name) for name in names}
    return {**envelope, "data": _body(MAX_EVENTS_BYTES)}


def _attribute(name: str) -> str | None:
    """Return an attribute of a binary event; CloudEvents percent-encodes it in its header."""
    value = request.headers.get(f"ce-{name}")
    try:
        return None if value is None else unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Problem(400, "expected percent-encoded UTF-8", field=name) from None


def _raw(limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise Problem(413, f"expected at most {limit} bytes")
    content = request.stream.read(limit + 1)
    if len(content) > limit:
        raise Problem(413, f"expected at most {limit} bytes")
    return content


def _body(limit: int) -> Any:
    try:
        return msgspec.json.decode(_raw(limit))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"expected JSON: {error}") from None


def _answer(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    counts = {status.value: 0 for status in Status}
    for verdict in verdicts:
        counts[verdict.status.value] += 1
    return {**counts, "results": verdicts}


def _json(body: Any, status: int) -> Response:
    return Response(msgspec.json.encode(body), status=status, mimetype=_JSON)


def answer_problem(problem: Problem) -> Response:
    """Answer with a problem.

    Source: RFC 9457.
    """
    body = {"status": problem.status, **problem.body}
    answer = _json(body, problem.status)
    answer.mimetype = PROBLEM
    answer.headers.update(problem.headers)
    return answer


def answer_error(error: MilepostError) -> Response:
    """Answer what a service refused or couldn't do."""
    if isinstance(error, Unavailable | Overloaded):
        problem = Problem(503, str(error))
        problem.headers["Retry-After"] = str(error.retry_after_s)
        return answer_problem(problem)
    if isinstance(error, Forbidden):
        return answer_problem(Problem(404, "there is no such site"))
    raise error
