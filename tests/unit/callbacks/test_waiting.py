"""Pages that stand in for others: what they show, and what is told of whether that is over."""

from collections.abc import Callable

import pytest
from flask import Flask

from callbacks import pages, waiting
from callbacks.gate import NOBODY, Viewer
from callbacks.pages import Pages
from callbacks.plain_pages import PlainPages
from callbacks.refusals import Refusals
from callbacks.walls import Walls
from data.domain.scope import Role
from data.services.errors import Loading, Unavailable
from data.services.live import LiveSite
from layouts.pages import message
from layouts.screens import Screens
from tests.unit.callbacks.desk.places import NOW, Nothing, Places, live_site, manager_of

PAGE, WALL, MISTYPED = "/live/ready", "/live/ready?wall=north.A", "/live/ready?wall=north.Z"
EARLY, NONE, THERE = "early", "none", "there"
MANAGER, SUPPLIER = manager_of("north"), manager_of("north", role=Role.SUPPLIER)
Draws = Callable[..., dict[str, str]]
Asks = Callable[..., str]


def loading(name: str = "north") -> LiveSite:
    return LiveSite(name, Nothing(), Nothing(), lambda: NOW)  # type: ignore[arg-type]


def bare() -> LiveSite:
    live = loading()
    live.loaded = True
    return live


def walls(*lives: LiveSite) -> Walls:
    return Walls(Places(*lives), Screens(named={}, defaults={}), "b")


@pytest.fixture
def seen_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Viewer], None]:
    """A function that makes somebody the viewer."""

    def see(who: Viewer) -> None:
        for module in (waiting, pages):
            monkeypatch.setattr(module, "viewer", lambda: who)

    return see


@pytest.fixture
def asks(seen_by: Callable[[Viewer], None]) -> Asks:
    """A function that asks for the state of a page, in a process that has these boards."""

    def ask(path: str, *lives: LiveSite, who: Viewer = MANAGER) -> str:
        seen_by(who)
        server = Flask("test")
        server.register_blueprint(waiting.blueprint(walls(*lives)))
        answer = server.test_client().get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        return str(answer.json["state"])

    return ask


@pytest.mark.parametrize("path", [PAGE, WALL, MISTYPED])
def test_it_is_early_while_there_is_no_site_or_a_board_is_loading(asks: Asks, path: str) -> None:
    assert asks(path) == EARLY
    assert asks(path, loading()) == EARLY
    assert asks(path, bare()) == EARLY
    assert asks(path, loading("south"), live_site()) == (THERE if path == WALL else EARLY)


def test_once_boards_are_loaded_each_page_and_wall_is_there_or_not(asks: Asks) -> None:
    assert [asks(path, live_site()) for path in (PAGE, WALL, MISTYPED)] == [THERE, THERE, NONE]
    assert asks("/live/ready?wall=%3Cb%3E", live_site()) == NONE


def test_a_site_of_theirs_that_nobody_has_heard_of_is_none_and_no_fault(asks: Asks) -> None:
    """Others are there; it may come yet, and the page asks again."""
    both = manager_of("north", "south")
    assert asks("/live/ready?wall=south.A", live_site(), who=both) == NONE


@pytest.mark.parametrize("who", [NOBODY, manager_of("south"), SUPPLIER])
def test_who_may_not_see_a_wall_is_told_what_is_told_of_none(asks: Asks, who: Viewer) -> None:
    for lives in ([live_site()], [live_site(), loading("south")], []):
        assert asks(WALL, *lives, who=who) == asks("/live/ready?wall=nowhere.A", *lives, who=who)
        assert asks(WALL, *lives, who=who) != THERE


def test_the_wall_of_a_screen_is_there_for_it_alone(asks: Asks) -> None:
    screen = manager_of("north", role=Role.SCREEN)
    assert asks(WALL, live_site(), who=screen) == THERE


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, seen_by: Callable[[Viewer], None]) -> Draws:
    """A function that draws a wall's page, and returns its parts."""
    monkeypatch.setattr(pages, "in_callback", lambda: True)

    def draw(screen: str, *lives: LiveSite) -> dict[str, str]:
        seen_by(MANAGER)
        return Pages(walls(*lives), "en").wall(screen, "en").to_plotly_json()["props"]

    return draw


@pytest.mark.parametrize("lives", [[], [loading()], [bare()], [live_site(), loading("south")]])
def test_a_wall_opened_too_early_is_not_said_to_be_none(
    drawn: Draws, lives: list[LiveSite]
) -> None:
    shown = drawn("north.Z", *lives)
    assert shown["data-again"] == "/live/ready?wall=north.Z"
    assert shown["data-shown"] == EARLY


def test_a_wall_that_is_not_there_goes_on_too_once_it_is(drawn: Draws) -> None:
    shown = drawn("north.Z", live_site())
    assert (shown["data-again"], shown["data-shown"]) == ("/live/ready?wall=north.Z", NONE)
    assert "data-again" not in drawn("north.A", live_site())


@pytest.fixture
def refused() -> Callable[..., object]:
    """A function that asks for a page that can't be had now."""

    def ask(error: Exception, method: str = "GET") -> object:
        server = Flask("test")
        plain = PlainPages(lambda *_: None, dict, "en")  # type: ignore[arg-type, return-value]
        Refusals(plain).register(server)

        def fail() -> str:
            raise error

        server.add_url_rule("/page", view_func=fail, methods=["GET", "POST"])
        return server.test_client().open("/page", method=method, headers={"Accept": "text/html"})

    return ask


def test_what_was_only_looked_at_is_asked_for_again_by_the_browser(
    refused: Callable[..., object],
) -> None:
    looked, done = refused(Unavailable("gone")), refused(Unavailable("gone"), "POST")
    assert (looked.status_code, looked.headers["Retry-After"]) == (503, "2")
    assert (looked.headers["Refresh"], "Refresh" in done.headers) == ("2", False)
    assert done.headers["Retry-After"] == "2"


def test_a_board_that_is_loading_is_no_database_that_is_away(
    refused: Callable[..., object],
) -> None:
    assert message.NOT_READY in refused(Loading("boards")).text
    assert "database" in refused(Unavailable("gone")).text


def test_a_page_about_a_site_is_not_said_to_be_none_while_no_site_is_known() -> None:
    plain = PlainPages(lambda *_: None, dict, "en")  # type: ignore[arg-type, return-value]
    with pytest.raises(Loading):
        plain.site("north")
