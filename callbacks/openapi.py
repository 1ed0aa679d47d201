"""The description of the HTTP API, made from the records and rules that the code itself uses.

Every route under `/api/v1` has its `Call` here; a test holds that none is missing.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct, field

from callbacks.row_stream import TYPES
from data.domain.events import Data, EventType
from data.domain.facts import LineBottleneck
from data.domain.plan import Order
from data.domain.policy import FIELDS, Kind, Nature
from data.domain.site import Site
from data.domain.view import Standing
from data.services.ingest import Verdict

JSON = "application/json"
PROBLEM = "application/problem+json"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_EVENTS = 1000
_REPORTS, _READS = "reports", "reads"
_REF = "#/components/schemas/{name}"
_FAILURES = {
    400: "A parameter or the body can't be read; `field` names the parameter.",
    401: "No API key that works, and nobody signed in.",
    403: "A key that reads reports nothing, and one that reports reads nothing.",
    404: "There is none, or it isn't yours to see.",
    413: "More than one request may carry.",
    415: "In none of the forms that are taken.",
    422: "What was sent breaks a rule; `field` names where.",
    429: "Faster than you may, or too many streams; `Retry-After` says when.",
    503: "An engine can't be reached, or has no room; `Retry-After` says when to try again.",
}


class CloudEvent(Struct, frozen=True, kw_only=True, tag_field="specversion", tag="1.0"):
    """A progress event as it is sent: CloudEvents 1.0."""

    id: str
    source: str
    type: EventType
    subject: str
    time: str
    data: Data | None = None


class Orders(Struct, frozen=True, kw_only=True):
    """Plans of orders."""

    orders: list[Order]


class Signals(Struct, frozen=True, kw_only=True):
    """Work units that are connected now."""

    work_units: list[str]


class Taken(Struct, frozen=True, kw_only=True):
    """What became of what was sent: how many of each, and each one by itself."""

    accepted: int
    duplicate: int
    refused: int
    results: list[Verdict]


class PlanError(Struct, frozen=True, kw_only=True):
    """One thing to put right in a plan."""

    reason: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong. `field`: the parameter, or the path in the body, that is the matter."""

    title: str
    status: int
    field: str | None = None
    errors: list[PlanError] | None = None


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter of a call. `place`: query, path or header."""

    name: str
    what: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string", "maxLength": 500})
    place: str = "query"
    required: bool = False


class Call(Struct, frozen=True, kw_only=True):
    """One operation of the API. `key`: which of the two kinds of keys it takes; None: neither."""

    method: str
    path: str
    name: str
    what: str
    answers: Mapping[int, Mapping[str, Any]]  # by status: the schema of each form
    fails: tuple[int, ...] = ()
    key: str | None = _READS
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Any] = {}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REF.format(name=name)}


_BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
_SITE = Parameter(name="site", what="Id of the site; may be left out where there is only one.")
_CHOICE = (
    _SITE,
    Parameter(name="order", what="Only of this order, as it is named to you."),
    Parameter(
        name="standing",
        what="Only what stands so against its plan.",
        schema={"enum": [*map(str, Standing)]},
    ),
    Parameter(name="cursor", what="`next` of the page before."),
    Parameter(
        name="limit",
        what="Most rows in the answer.",
        schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": 200},
    ),
)
_READ_FAILS = (400, 401, 403, 404, 429, 503)
_SEND_FAILS = (400, 401, 403, 404, 413, 415, 422, 429, 503)
_ROW_PATHS = {
    Kind.ORDER: "orders", Kind.OPERATION: "operations", Kind.MILESTONE: "milestones",
    Kind.NEED: "needs", Kind.EXCEPTION: "exceptions",
}  # fmt: skip


def _row_name(kind: Kind) -> str:
    return f"{kind.capitalize()}Row"


def _page_name(kind: Kind) -> str:
    return f"{kind.capitalize()}Page"


def _reports(method: str, path: str, name: str, what: str, body: Mapping[str, Any]) -> Call:
    return Call(
        method=method, path=path, name=name, what=what, key=_REPORTS, body=body,
        answers={200: {JSON: _ref("Taken")}}, fails=_SEND_FAILS,
    )  # fmt: skip


def _reads(path: str, name: str, what: str, parameters: tuple[Parameter, ...]) -> Call:
    return Call(
        method="get", path=path, name=name, what=what, parameters=parameters,
        answers={200: {JSON: _ref(name)}}, fails=_READ_FAILS,
    )  # fmt: skip


def _rows(kind: Kind) -> Call:
    what = f"The {_ROW_PATHS[kind]} that concern you, as far as they are disclosed to you."
    return _reads(f"/{_ROW_PATHS[kind]}", _page_name(kind), what, _CHOICE)


CALLS = (
    _reports(
        "post", "/events", "reportEvents", "Report what happened: one event, or a batch.",
        {
            "application/cloudevents+json": _ref("CloudEvent"),
            "application/cloudevents-batch+json": {
                "type": "array", "items": _ref("CloudEvent"), "maxItems": MOST_EVENTS,
            },
            JSON: _ref("Data"),
        },
    ),
    _reports(
        "put", "/orders", "planOrders",
        "Plan orders: nothing is taken of a file with errors. After a 503 some may have been; send"
        " the file again, each counts once.",
        {JSON: _ref("Orders"), CSV: {"type": "string"}, XLSX: _BINARY},
    ),
    _reports(
        "put", "/site", "describeSite", "Describe the site: equipment, calendars, parties.",
        {JSON: _ref("Site")},
    ),
    Call(
        method="post", path="/signals", name="signal", what="Say which work units are connected.",
        key=_REPORTS, body={JSON: _ref("Signals")}, answers={204: {}}, fails=_SEND_FAILS,
    ),
    Call(
        method="get", path="/orders/template.{form}", name="template", key=None,
        what="A filled example of a plan file.",
        parameters=(
            Parameter(
                name="form", what="Which form of file.", place="path", required=True,
                schema={"enum": ["json", "csv", "xlsx"]},
            ),
        ),
        answers={200: {JSON: {}, CSV: {"type": "string"}, XLSX: _BINARY}}, fails=(404,),
    ),
    *(_rows(kind) for kind in Kind),
    _reads(
        "/orders/{order}", "OrderWhole", "Everything that you may know of one order.",
        (
            Parameter(
                name="order", what="The order, as it is named to you.", place="path", required=True
            ),
            _SITE,
        ),
    ),
    _reads(
        "/bottleneck", "Bottlenecks", "Where the bottlenecks of the lines are.",
        (_SITE, Parameter(name="area", what="Only of this line.")),
    ),
    Call(
        method="get", path="/stream", name="stream",
        what="Server-Sent Events, each a CloudEvent: your rows, then what becomes of them. Types: "
        + ", ".join(TYPES),
        parameters=(
            _SITE,
            Parameter(
                name="Last-Event-ID", place="header", what="Go on after this one, not from anew."
            ),
        ),
        answers={200: {"text/event-stream": {"type": "string"}}}, fails=_READ_FAILS,
    ),
    Call(
        method="get", path="/openapi.json", name="describe", key=None, what="This document.",
        answers={200: {JSON: {"type": "object"}}}, fails=(429,),
    ),
)  # fmt: skip


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(f"/api/v1{call.path}", {})[call.method] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Milepost", "version": "1", "license": {"name": "see the project"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _keys()},
    }


def _operation(call: Call) -> dict[str, Any]:
    fails = {
        str(status): _said(_FAILURES[status], {PROBLEM: _ref("Problem"), **_plain(call, status)})
        for status in call.fails
    }
    answers = {str(status): _said("As asked.", forms) for status, forms in call.answers.items()}
    return {
        "operationId": call.name,
        "summary": call.what,
        "security": {None: [], _REPORTS: [{"key": []}], _READS: [{"key": []}, {"session": []}]}[
            call.key
        ],
        "parameters": [_parameter(one) for one in call.parameters],
        "responses": answers | fails,
        **({"requestBody": _body(call.body)} if call.body else {}),
    }


def _plain(call: Call, status: int) -> dict[str, Any]:
    """A document or a single event that is refused is answered like one that is taken."""
    return {JSON: _ref("Taken")} if call.key == _REPORTS and status == 422 else {}


def _said(what: str, forms: Mapping[str, Any]) -> dict[str, Any]:
    content = {form: {"schema": schema} for form, schema in forms.items()}
    return {"description": what, **({"content": content} if content else {})}


def _body(forms: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {f: {"schema": schema} for f, schema in forms.items()}}


def _parameter(one: Parameter) -> dict[str, Any]:
    return {
        "name": one.name, "in": one.place, "required": one.required, "description": one.what,
        "schema": one.schema,
    }  # fmt: skip


def _keys() -> dict[str, Any]:
    return {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-milepost"},
    }


def _schemas() -> dict[str, Any]:
    types = (CloudEvent, Orders, Site, Signals, Taken, Problem, LineBottleneck)
    _, known = msgspec.json.schema_components(types, ref_template=_REF)
    rows = {_row_name(kind): _row(kind) for kind in Kind}
    pages = {
        _page_name(kind): _aged({_ROW_PATHS[kind]: _many(kind), "next": _nullable("string")})
        for kind in Kind
    }
    whole = {_ROW_PATHS[kind]: _many(kind) for kind in Kind if kind is not Kind.ORDER}
    line = known.pop("LineBottleneck")
    for inner in ("tail", "open_pause_since"):
        del line["properties"][inner]
    return {
        **known, **rows, **pages, "Line": line,
        "OrderWhole": _aged(
            {"order": {"anyOf": [_ref(_row_name(Kind.ORDER)), {"type": "null"}]}, **whole}
        ),
        "Bottlenecks": _aged({"lines": {"type": "array", "items": _ref("Line")}}),
    }  # fmt: skip


def _row(kind: Kind) -> dict[str, Any]:
    """Return what a row may hold; which of it is there, the policy says."""
    return {
        "type": "object",
        "properties": {name: _VALUES[nature] for name, nature in FIELDS[kind].items()},
        "additionalProperties": False,
    }


def _aged(properties: dict[str, Any]) -> dict[str, Any]:
    age = {
        "site": {"type": "string"},
        "as_of": {"type": "string", "format": "date-time"},
        "connected": {"type": "boolean"},
        "forecasts_stale": {"type": "boolean"},
    }
    every = age | properties
    return {"type": "object", "properties": every, "required": [*every]}


def _many(kind: Kind) -> dict[str, Any]:
    return {"type": "array", "items": _ref(_row_name(kind))}


def _nullable(*types: str) -> dict[str, Any]:
    return {"type": [*types, "null"]}


_VALUES = {
    Nature.NAME: _nullable("string"),
    Nature.WORD: _nullable("string", "boolean"),
    Nature.INSTANT: {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"enum": [*map(str, Standing)]},
            {"type": "null"},
        ]
    },
    Nature.QUANTITY: {
        "anyOf": [{"type": "number"}, {"enum": ["none", "part", "all"]}, {"type": "null"}]
    },
}
