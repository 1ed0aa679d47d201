"""The start over callbacks: who is told what of which site, and what a forged wish gets."""

from typing import Any

import dash
import pytest
from dash import html
from msgspec.structs import replace

from callbacks import home as page
from callbacks.home import HomePage
from callbacks.walls import Walls
from data.domain.scope import Role
from data.services.live import LiveSite
from layouts.screens import Screens
from tests.unit.callbacks.desk.places import (
    NOW,
    Nothing,
    Places,
    Recorded,
    live_site,
    manager_of,
    order,
    site,
)
from tests.unit.stills import nodes


def start(*lives: Any) -> HomePage:
    known = lives or (live_site(orders=[order("SO-1")]), live_site(site("south")))
    return HomePage(Walls(Places(*known), Screens(named={}, defaults={}), "b"), "en")


@pytest.fixture
def seen_by(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes somebody the viewer."""
    return lambda who: monkeypatch.setattr(page, "viewer", lambda: who)


def said(tree: Any) -> list[str]:
    return [node for node in nodes(html.Div(tree)) if isinstance(node, str)]


@pytest.mark.parametrize(
    "role",
    [Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.AUDITOR, Role.PURCHASER, Role.OPERATOR],
)
def test_people_of_the_factory_are_told_how_their_sites_stand_and_no_others(
    seen_by: Any, role: Role
) -> None:
    seen_by(manager_of("north", role=role))
    words = said(start().renew({"lang": "en"}))
    assert {"North", "Late orders", "Bottleneck now"} <= {*words}
    assert "South" not in words


@pytest.mark.parametrize("role", [Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS])
def test_parties_are_told_nothing_live(seen_by: Any, role: Role) -> None:
    seen_by(manager_of("north", role=role, party="P1"))
    assert start().renew({"lang": "en"}) is dash.no_update


def test_a_viewer_who_sees_no_site_is_told_nothing(seen_by: Any) -> None:
    seen_by(manager_of("elsewhere"))
    assert start().renew({}) is dash.no_update


@pytest.mark.parametrize(
    "wish", [None, 7, [], "x", {"lang": 3}, {"lang": "<b>"}, {"site": "south"}]
)
def test_whatever_is_wished_nothing_more_is_told(seen_by: Any, wish: Any) -> None:
    seen_by(manager_of("north"))
    assert "South" not in said(start().renew(wish))


def test_it_is_drawn_in_the_readers_language(seen_by: Any) -> None:
    seen_by(manager_of("north"))
    assert "延遲工單" in said(start().renew({"lang": "zh-Hant"}))


def test_a_site_whose_board_is_not_there_yet_is_named_without_figures(seen_by: Any) -> None:
    live = live_site()
    live.loaded = False
    seen_by(manager_of("north"))
    words = said(start(live).renew({}))
    assert "Late orders" not in words
    assert "The board is being put together. This page goes on by itself." in words


class Early(Recorded):
    """A page that administrators open of a site without a model too."""

    roles_before_model = frozenset({Role.ADMINISTRATOR})


@pytest.mark.parametrize(
    ("role", "ways"), [(Role.ADMINISTRATOR, ["/early?site=bare"]), (Role.MANAGER, [])]
)
def test_of_a_site_without_a_model_only_what_is_open_of_it_is_led_to(
    seen_by: Any, role: Role, ways: list[str]
) -> None:
    bare = LiveSite("bare", Nothing(), Nothing(), lambda: NOW)  # type: ignore[arg-type]
    bare.loaded = True
    walls = Walls(Places(live_site(), bare), Screens(named={}, defaults={}), "b")
    there = HomePage(walls, "en", [Recorded(), Early("early", "/early")])
    seen_by(manager_of("north", "bare", role=role))
    drawn = html.Div(there.renew({}))
    found = [n[1]["href"] for n in nodes(drawn) if not isinstance(n, str) and "href" in n[1]]
    assert [way for way in found if way.endswith("bare")] == ways
    assert "The board is being put together. This page goes on by itself." not in said(drawn)


def test_what_dash_asks_for_its_own_sake_holds_the_elements_and_nothing_else() -> None:
    tree = start().layout()
    ids = {getattr(part, "id", None) for part in tree._traverse()}
    assert {"home-sites", "home-live"} <= ids
    assert said(tree) == []


def test_a_screen_is_told_nothing(seen_by: Any) -> None:
    seen_by(replace(manager_of("north", role=Role.SCREEN), screen="north.A"))
    assert start().renew({}) is dash.no_update
