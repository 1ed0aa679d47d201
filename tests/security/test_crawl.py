"""Every route, page and callback that the application has, asked by those it isn't for."""

from itertools import product
from typing import Any

import dash
import pytest
from flask import Flask

import app
from callbacks.gate import Door, Gate
from data.domain.scope import Role
from data.settings import Settings
from tests.browser.product.program import Program, wait_for
from tests.security.conftest import CANARIES, Route

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OUTSIDE = (Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS)
ROLES = (*OUTSIDE, Role.PURCHASER, Role.OPERATOR)
ADDRESSES = ("/orders", "/orders/SO-1", "/delays", "/wall/works.L1", "/gantt")


def gate_of(application: Flask) -> Gate:
    return application.extensions["milepost_gate"]


def test_every_route_has_a_door_or_lets_nobody_in(application: Flask, routes: list[Route]) -> None:
    gate = gate_of(application)
    shut = {route.endpoint for route in routes if gate.door(route.endpoint) is None}
    assert shut == {"static", "/_reload-hash"}  # Flask's and Dash's own, of no use here


def test_a_stranger_gets_nothing_by_any_route_and_method(
    visitor: Any, application: Flask, routes: list[Route]
) -> None:
    stranger, gate, let_in = visitor(), gate_of(application), set()
    for route, method in product(routes, METHODS):
        answer = stranger.ask(method, route.path)
        assert answer.status_code < 500, (method, route)
        if method != "HEAD":
            assert stranger.holds(answer) == [], (method, route)
        if answer.ok and method != "OPTIONS" and answer.status_code != 303:
            let_in.add(gate.door(route.endpoint))
    assert let_in <= {Door.OPEN, Door.ANYBODY, Door.LOCAL}


def test_a_token_that_proves_nothing_is_a_strangers(
    visitor: Any, token_of_nobody: dict[str, str], pages: list[str]
) -> None:
    for path in pages:
        answer = visitor().ask("GET", path, headers=token_of_nobody)
        assert answer.status_code == 303, path
        way_in = "/screen?wall=" if path.startswith("/wall/") else "/sign-in?next="
        assert answer.headers["Location"].startswith(way_in), path


def bodies(dependencies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a browser, or somebody with a terminal, could call each callback with."""
    made = []
    for one, address in product(dependencies, ADDRESSES):
        wish = {"path": address, "search": "?lang=en", "order": "SO-1", "operation": "10"}
        names = [out.rpartition(".") for out in one["output"].strip(".").split("...")]
        outputs = [{"id": name, "property": prop} for name, _, prop in names]
        values = {"pathname": address, "search": "?lang=en"}
        given = [{**each, "value": values.get(each["property"], wish)} for each in one["inputs"]]
        made.append(
            {
                "output": one["output"],
                "outputs": outputs if len(outputs) > 1 else outputs[0],
                "inputs": given,
                "state": [{**each, "value": wish} for each in one.get("state", [])],
                "changedPropIds": [f"{each['id']}.{each['property']}" for each in one["inputs"]],
            }
        )
    return made


@pytest.fixture
def calls(visitor: Any) -> list[dict[str, Any]]:
    found = visitor(Role.MANAGER).ask("GET", "/_dash-dependencies").json()
    served = [one for one in found if not one.get("clientside_function")]
    assert served
    return bodies(served)


def test_the_same_calls_of_a_manager_hold_what_strangers_may_not_see(
    visitor: Any, calls: list[dict[str, Any]]
) -> None:
    manager, seen = visitor(Role.MANAGER), set()
    for body in calls:
        seen.update(manager.holds(manager.call(body)))
    assert seen == set(CANARIES) - {"Acme"}  # else the tests below prove nothing


def test_a_stranger_gets_nothing_from_any_callback(
    visitor: Any, calls: list[dict[str, Any]]
) -> None:
    stranger = visitor()
    for body in calls:
        answer = stranger.call(body)
        assert (answer.status_code, stranger.holds(answer)) == (401, [])


@pytest.mark.parametrize("role", OUTSIDE)
def test_an_outside_party_gets_nothing_of_others_from_any_callback(
    visitor: Any, calls: list[dict[str, Any]], role: Role
) -> None:
    party = visitor(role)
    for body in calls:
        answer = party.call(body)
        assert answer.status_code < 500, body
        assert party.holds(answer) == [], body


@pytest.mark.parametrize("role", [*ROLES, Role.MANAGER, Role.AUDITOR, Role.PLANNER])
def test_a_forged_address_opens_no_page_that_is_not_for_the_role(
    visitor: Any, application: Flask, pages: list[str], role: Role
) -> None:
    someone, gate = visitor(role), gate_of(application)
    for path in pages:
        if role in gate.roles_of(path):
            continue
        answer = someone.page(path)
        assert answer.status_code == 200, path
        assert someone.holds(answer) == [], path
        assert "or it isn't yours to see" in answer.text or "no such screen" in answer.text, path
        assert someone.ask("GET", path).status_code == 404, path


@pytest.mark.parametrize("role", ROLES)
def test_a_page_that_is_not_for_the_role_is_not_exported(
    visitor: Any, application: Flask, role: Role
) -> None:
    someone, gate = visitor(role), gate_of(application)
    for name, page in dash.page_registry.items():
        path = page["path_template"] or page["path"]
        if name.startswith("desk-") and role not in gate.roles_of(path):
            for kind in ("csv", "xlsx"):
                answer = someone.ask("GET", f"/export/{name[5:]}.{kind}?order=SO-1")
                assert answer.status_code == 404, name


@pytest.mark.parametrize("role", OUTSIDE)
def test_an_outside_party_hears_no_stream_of_the_site(visitor: Any, role: Role) -> None:
    for path in ("/live/desk/works", "/live/wall/works.L1"):
        assert visitor(role).ask("GET", path).status_code == 404


def test_the_index_and_what_dash_tells_of_itself_hold_nothing_of_a_site(visitor: Any) -> None:
    for role in (Role.MANAGER, Role.SUPPLIER):
        someone = visitor(role)
        for path in ("/", "/_dash-layout", "/_dash-dependencies"):
            assert someone.holds(someone.ask("GET", path)) == [], (role, path)


@pytest.mark.parametrize(
    "name", ["DASH_MCP_ENABLED", "DASH_DEBUG", "FLASK_DEBUG", "DASH_HOT_RELOAD"]
)
def test_no_variable_of_dash_or_flask_opens_a_route(
    application: Flask, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "true")
    kept = dict(dash.page_registry)
    dash.page_registry.clear()
    engines = {"DATABASE_URL": "postgresql://n@127.0.0.1:1/n", "REDIS_URL": "redis://127.0.0.1:1"}
    other = app.create_server(Settings.from_env(engines | {"MILEPOST_SECRET": "s" * 32}))
    dash.page_registry.clear()
    dash.page_registry.update(kept)
    known = {rule.rule for rule in application.url_map.iter_rules()}
    assert {rule.rule for rule in other.url_map.iter_rules()} == known
    assert not other.debug


def test_the_program_was_not_harmed_by_all_that(guarded: Program) -> None:
    wait_for(guarded.serves, 60, "the program serves")
