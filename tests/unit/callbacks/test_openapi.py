"""The description of the API knows every route and every parameter, and holds together."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from callbacks import openapi
from callbacks.api import MAX_EVENTS, Api
from callbacks.openapi import CALLS, document
from callbacks.reading import MOST_ROWS, ReadingApi
from data.domain.policy import FIELDS
from data.services.reading import Asked

ROOT = Path(__file__).parents[3]
DOCUMENT = document()
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def server() -> Flask:
    """The routes of the API, with nothing behind them."""
    made = Flask("test")
    nothing: Any = None
    api = Api(nothing, nothing, nothing, nothing, nothing, nothing, nothing)
    made.register_blueprint(api.blueprint())
    reading = ReadingApi(nothing, nothing, nothing, nothing, nothing, nothing)
    made.register_blueprint(reading.blueprint())
    return made


def described() -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }


def test_every_route_of_the_api_is_described_and_no_other(server: Flask) -> None:
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in server.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) & METHODS
    }
    assert described() == routes


def test_no_other_module_makes_routes_of_the_api() -> None:
    makers = {
        path.name
        for path in ROOT.glob("callbacks/**/*.py")
        if re.search(r"""url_prefix=f?["']/api""", path.read_text())
        or re.search(r"""\.(get|post|put|delete|route)\(f?["']/api""", path.read_text())
    }
    assert makers == {"api.py", "reading.py"}


def test_every_reference_leads_somewhere() -> None:
    known = DOCUMENT["components"]["schemas"]
    found = set(re.findall(r"#/components/schemas/(\w+)", repr(DOCUMENT)))
    assert found <= set(known)
    assert found >= {"OrderRow", "NeedPage", "CloudEvent", "Problem", "Line"}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_wants() -> None:
    names = [call.name for call in CALLS]
    assert len(set(names)) == len(names)
    for call in CALLS:
        in_path = {one.name for one in call.parameters if one.place == "path"}
        assert set(re.findall(r"{(\w+)}", call.path)) == in_path
        assert all(one.what for one in call.parameters) and call.what


def test_a_row_is_described_by_the_fields_that_policies_know() -> None:
    for kind, fields in FIELDS.items():
        row = DOCUMENT["components"]["schemas"][f"{kind.capitalize()}Row"]
        assert set(row["properties"]) == set(fields)
        assert row["additionalProperties"] is False


def test_the_limits_are_those_of_the_code() -> None:
    limit = next(one for one in openapi._CHOICE if one.name == "limit").schema
    assert (limit["maximum"], limit["default"]) == (MOST_ROWS, Asked().limit)
    assert openapi.MOST_EVENTS == MAX_EVENTS


def test_every_call_stands_in_the_documentation() -> None:
    told = (ROOT / "docs" / "api.md").read_text()
    for call in CALLS:
        assert f"`{call.method.upper()} /api/v1{call.path}`" in told, call.path
    for kind in openapi.TYPES:
        assert f"`{kind}`" in told
