"""The whole web application with desk pages, asked as a browser asks, and as a stranger does."""

import json

import dash
import pytest
from flask import Blueprint

from callbacks.desk.shell import Shell
from callbacks.hub import Hub
from callbacks.walls import Walls
from callbacks.web import build
from data.services.errors import Unavailable
from layouts import ids
from layouts.screens import Screens
from tests.unit.callbacks.desk.places import Places, Recorded, live_site
from tests.unit.fakes import Entrance

PAGES = [("_pages_content", "children"), ("_pages_store", "data")]
LOCATION = [("_pages_location", "pathname"), ("_pages_location", "search")]


class Silent:
    """Routes of which there are none."""

    def blueprint(self) -> Blueprint:
        return Blueprint(f"silent{id(self)}", __name__)

    def is_ready(self) -> bool:
        return True


@pytest.fixture
def page():
    return Recorded()


@pytest.fixture
def client(page):
    dash.page_registry.clear()
    live = live_site()
    walls = Walls(Places(live), Screens(named={}, defaults={}), "b")
    entrance, shell = Entrance(), Shell(Places(live), (page,), None, "en")
    server = build(walls, Hub("b"), Silent(), Silent(), entrance.entry, "en", shell)
    client = server.test_client()
    client.token = entrance.sign_in(client)
    yield client
    dash.page_registry.clear()


def post(client, outputs, inputs, values):
    body = {
        "output": ".." + "...".join(f"{name}.{prop}" for name, prop in outputs) + "..",
        "outputs": [{"id": name, "property": prop} for name, prop in outputs],
        "inputs": [
            {"id": name, "property": prop, "value": value}
            for (name, prop), value in zip(inputs, values, strict=True)
        ],
        "changedPropIds": [f"{name}.{prop}" for name, prop in inputs],
    }
    return client.post("/_dash-update-component", json=body, headers={"X-CSRFToken": client.token})


def whole(client, path, search=""):
    return post(client, PAGES, LOCATION, (path, search))


def renewed(client, wish):
    outputs = [(str(ids.Desk.BODY), "children"), (str(ids.Desk.STATUS), "children")]
    return post(client, outputs, [(str(ids.Desk.LIVE), "data")], (wish,))


def test_whoever_sees_a_factory_begins_at_the_start(client):
    assert client.get("/").status_code == 200


def test_a_page_is_drawn_in_its_frame(client):
    answer = whole(client, "/orders", "?lang=en")
    assert answer.status_code == 200
    assert "body of orders at north" in answer.text
    assert "as of" in answer.text


def test_what_dash_asks_before_it_draws_a_page_holds_nothing_of_a_site(client, page):
    for path in ("/_dash-layout", "/_dash-dependencies", "/orders"):
        assert "body of" not in client.get(path).text
        assert "North" not in client.get(path).text
    assert page.visits == []


def test_a_fault_of_ours_is_a_page_with_a_reference_and_no_detail(client, page):
    page.trouble = RuntimeError("secret detail")
    answer = whole(client, "/orders", "?lang=en")
    assert answer.status_code == 200
    assert "That went wrong" in answer.text
    assert "secret detail" not in answer.text


def test_a_renewal_that_fails_changes_nothing(client, page):
    page.trouble = RuntimeError("secret detail")
    answer = renewed(client, {"path": "/orders", "search": ""})
    assert answer.status_code in (200, 204)
    assert "secret detail" not in answer.text
    assert "body of" not in answer.text


def test_a_renewal_while_the_past_is_out_of_reach_says_so(client, page):
    page.trouble = Unavailable("gone")
    assert "History can't be reached" in json.dumps(
        renewed(client, {"path": "/orders", "search": "?lang=en"}).json, ensure_ascii=False
    )


@pytest.mark.parametrize(
    "search",
    ["?self=1&page=x&t=2", "?site=north&site=south", "?q=%00", "?" + "a=1&" * 99, "?=&&=1"],
)
def test_no_address_makes_a_fault(client, search):
    answer = whole(client, "/orders", search)
    assert answer.status_code == 200
    assert "That went wrong" not in answer.text


@pytest.mark.parametrize("wish", [None, 3, "x", [], {"path": {}, "search": 1}, {"path": "/orders"}])
def test_no_forged_wish_makes_a_fault_or_shows_anything(client, wish):
    answer = renewed(client, wish)
    assert answer.status_code in (200, 204)
    assert "body of" not in answer.text


def test_a_forged_address_shows_no_other_site(client):
    answer = renewed(client, {"path": "/orders", "search": "?site=elsewhere&lang=en"})
    assert "Not found" in answer.text


def test_language_and_theme_are_kept_and_nothing_else(client):
    client.get("/orders?lang=zh-Hant&theme=dark")
    assert client.get_cookie("language").value == "zh-Hant"
    assert client.get_cookie("theme").value == "dark"
    client.get("/orders?lang=x&theme=<script>")
    assert client.get_cookie("language").value == "zh-Hant"
    assert client.get_cookie("theme").value == "dark"


def test_a_stream_of_an_unknown_site_is_not_found(client):
    assert client.get("/live/desk/elsewhere").status_code == 404
