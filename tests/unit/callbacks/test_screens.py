"""Screens and links over HTTP: what is shown to whom, and which cookie it leaves behind."""

import re
from datetime import UTC, datetime

import dash
import pytest
from flask import Blueprint
from msgspec.structs import replace

from callbacks.desk.shell import Shell
from callbacks.hub import Hub
from callbacks.links import LinkPages, known_sites, parties_of
from callbacks.links import proof as proof_of_link
from callbacks.plain_pages import PlainPages
from callbacks.screens import LASTS_S, ScreenPages
from callbacks.screens import proof as proof_of_screen
from callbacks.walls import Walls
from callbacks.web import build
from data.domain.audit import Action
from data.domain.scope import Role
from data.services.errors import Unavailable
from data.services.links import Links
from data.services.screens import MOST_ASKED, Devices
from layouts.screens import Screens
from tests.unit.callbacks.desk.places import Places, Recorded, live_site
from tests.unit.fakes import Entrance, FakeScreens

AWAY = {"REMOTE_ADDR": "10.1.2.3"}
WALL = "/wall/north.A"


def now():
    return datetime.now(UTC)


class Silent:
    """Routes of which there are none."""

    def blueprint(self) -> Blueprint:
        return Blueprint(f"silent{id(self)}", __name__)

    def is_ready(self) -> bool:
        return True


@pytest.fixture
def store():
    return FakeScreens()


@pytest.fixture
def entrance():
    return Entrance()


@pytest.fixture
def server(entrance, store):
    dash.page_registry.clear()
    sites = Places(live_site())
    walls = Walls(sites, Screens(named={}, defaults={}), "b")
    devices = Devices(store, entrance.people, entrance.audit, b"key", now)
    links = Links(entrance.people, entrance.audit, lambda site: parties_of(sites, site), now)
    others = {"screen": proof_of_screen(devices), "link": proof_of_link(links, sites)}
    entry = replace(entrance.entry, others=others)
    shell = Shell(sites, (Recorded(),), None, "en")
    plain = PlainPages(shell.plain_head, lambda: known_sites(sites), "en")
    screens = ScreenPages(devices, walls, dict, "b", plain)
    boards = LinkPages(links, dict, plain)
    more = (screens.blueprint(), boards.blueprint())
    yield build(walls, Hub("b"), Silent(), Silent(), entry, "en", shell, more)
    dash.page_registry.clear()


@pytest.fixture
def screen(server):
    return server.test_client()


@pytest.fixture
def manager(server, entrance):
    client = server.test_client()
    client.token = entrance.sign_in(client)
    return client


def send(client, path, **form):
    return client.post(path, data={"csrf_token": client.token, **form})


def code_on(client, path=WALL):
    return re.search(r'data-code="(\w+)"', client.get(path, follow_redirects=True).text)[1]


def cookie_in(answer):
    [found] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("milepost=")]
    return found


@pytest.fixture
def let_in(screen, manager):
    send(manager, "/screens", code=code_on(screen), screen="")
    return screen


def test_a_browser_that_opens_a_wall_shows_a_code_that_stays(screen):
    assert screen.get(f"{WALL}?lang=en&x=1").location == "/screen?wall=north.A&lang=en"
    code = code_on(screen)
    assert code_on(screen) == code
    assert screen.get("/screen/state").json == {"code": code}


def test_another_language_keeps_the_code_and_the_wall_another_wall_does_not(screen):
    code = code_on(screen)
    shown = screen.get("/screen?lang=zh-Hans").text
    assert code in shown.replace("-", "") and "north.A" in shown
    assert code_on(screen, "/wall/north.B") != code


def test_a_screen_that_waits_is_a_stranger_everywhere(screen):
    code_on(screen)
    assert screen.get("/screens").status_code == 303
    assert screen.get("/live/wall/north.A").status_code == 401
    assert screen.get("/_dash-layout").status_code == 401


def test_a_code_that_is_typed_lets_the_screen_in_for_its_wall_alone(let_in):
    assert let_in.get("/screen/state").json == {"code": None}
    assert let_in.get("/screen").location == WALL
    assert let_in.get(WALL).status_code == 200
    for path in ("/", "/wall/north.B", "/orders", "/screens", "/links", "/account", "/people"):
        assert let_in.get(path).status_code == 404, path


def test_a_screens_cookie_is_kept_from_scripts_and_lasts_on_with_each_use(let_in):
    first, again = (set(cookie_in(let_in.get(path)).split("; ")) for path in (WALL, "/screen"))
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={LASTS_S}"} <= first
    assert all(part.startswith("Expires=") for part in first ^ again)  # a second may have passed


def test_the_version_that_a_screen_was_given_is_told(let_in, store, manager):
    let_in.get(WALL, headers={"Sec-Fetch-Mode": "cors"})
    assert [one.version for one in store.rows.values()] == [None]
    let_in.get(WALL)
    assert [one.version for one in store.rows.values()] == ["b"]
    assert "online" in manager.get("/screens").text


def test_a_screen_goes_on_while_sql_is_away(let_in, store):
    let_in.get(WALL)

    def away(_):
        raise Unavailable("SQL is away")

    store.by_token = away
    assert let_in.get(WALL).status_code == 200


def test_a_screen_that_is_kept_out_shows_a_code_again(let_in, manager, store):
    [device] = store.rows
    assert send(manager, f"/screens/{device}/revoke").status_code == 303
    assert let_in.get(WALL).location == "/screen?wall=north.A"
    assert code_on(let_in)
    assert send(manager, f"/screens/{device}/revoke").status_code == 404


def test_wrong_codes_are_refused_and_in_the_end_no_more_are_tried(screen, manager, entrance):
    answers = [send(manager, "/screens", code="AAAA-AAAA").status_code for _ in range(12)]
    assert answers == [422] * 10 + [429] * 2
    assert send(manager, "/screens", code=code_on(screen)).status_code == 429
    assert {one.action for one in entrance.deeds()} == {Action.REFUSED}


def test_a_screen_is_not_let_in_for_a_wall_that_is_not_there(screen, manager):
    code = code_on(screen)
    for wall in ("north.Z", "elsewhere.A", "<script>"):
        assert send(manager, "/screens", code=code, screen=wall).status_code == 422
    assert send(manager, "/screens", code=code_on(screen), screen="north.B").status_code == 303
    assert screen.get("/screen").location == "/wall/north.B"


def test_nobody_fills_the_table_with_screens_that_wait(server, store):
    answers = [server.test_client().get("/screen").status_code for _ in range(MOST_ASKED + 2)]
    assert answers[-3:] == [200, 429, 429]
    assert len(store.rows) == MOST_ASKED


def test_without_https_no_screen_is_let_in_from_elsewhere(screen, store):
    answer = screen.get("/screen", base_url="http://milepost.works:8050", environ_base=AWAY)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
    assert store.rows == {}


def test_letting_a_screen_in_takes_a_form_of_ours(screen, manager):
    code = code_on(screen)
    assert manager.post("/screens", data={"code": code}).status_code == 400
    assert screen.get("/screen/state").json == {"code": code}


@pytest.mark.parametrize("role", [Role.PLANNER, Role.AUDITOR, Role.OPERATOR, Role.PURCHASER])
def test_others_do_not_look_after_screens(server, entrance, role):
    client = server.test_client()
    entrance.sign_in(client, role)
    assert client.get("/screens").status_code == 404


def link_of(manager, party="north/customer/P1", days="30"):
    answer = send(manager, "/links", **{"for": party, "days": days})
    return re.search(r'id="link-made">http://[^/]*([^<]*)', answer.text)[1]


def test_a_link_leads_to_its_partys_board_and_ends_with_the_browser(server, manager):
    guest, link = server.test_client(), link_of(manager)
    answer = guest.get(link)
    assert (answer.status_code, answer.location) == (303, "/customer")
    assert "Max-Age" not in cookie_in(answer) and "HttpOnly" in cookie_in(answer)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    for path in ("/orders", "/links", "/screens", WALL, "/account"):
        assert guest.get(path).status_code == 404, path


def test_a_link_that_is_taken_back_is_gone_and_its_cookie_proves_nothing(server, manager, entrance):
    guest, link = server.test_client(), link_of(manager)
    guest.get(link)
    [name] = entrance.people.made
    assert send(manager, f"/links/{name.hex()}/revoke").status_code == 303
    assert guest.get("/_dash-layout").status_code == 401
    assert guest.get(link).status_code == 410
    actions = [one.action for one in entrance.deeds()]
    assert actions == [Action.LINK_MADE, Action.LINK_USED, Action.LINK_REVOKED]


@pytest.mark.parametrize(
    ("party", "days"),
    [("north/customer/P1", "181"), ("north/customer/P1", "x"), ("north/supplier/P1", "30"),
     ("north/administrator/P1", "30"), ("P1", "30"), ("", "")],
)  # fmt: skip
def test_a_link_that_can_not_be_is_not_made(manager, entrance, party, days):
    assert send(manager, "/links", **{"for": party, "days": days}).status_code == 422
    assert entrance.people.made == {}


def test_a_manager_makes_no_link_into_a_site_that_is_not_theirs(manager, entrance):
    answer = send(manager, "/links", **{"for": "south/customer/P1", "days": "30"})
    assert (answer.status_code, entrance.people.made) == (404, {})


def test_no_link_is_no_way_in(screen):
    assert screen.get("/b/" + "x" * 43).status_code == 410
