"""The start page and the pages that say one thing."""

import pytest

from data.domain.site import Area, Site, SiteClock, WorkCenter, WorkUnit
from layouts.pages import home, message
from layouts.screens import Screen
from layouts.text import LOCALES, translator
from tests.browser.harness.views import NOW

SITE = Site(
    id="hsinchu",
    name="Hsinchu",
    areas=(Area(id="smt", calendar="c", name="SMT line"), Area(id="test", calendar="c")),
    work_centers=(WorkCenter(id="A", area="smt"),),
    work_units=(WorkUnit(id="A-1", work_center="A"), WorkUnit(id="A-2", work_center="A")),
)


def texts(tree):
    parts = [part for part in tree._traverse() if not isinstance(part, str)]
    alone = [part.children for part in parts if isinstance(getattr(part, "children", None), str)]
    return alone + [part for part in tree._traverse() if isinstance(part, str)]


def links(tree):
    return [part.href for part in tree._traverse() if getattr(part, "href", None)]


def test_the_start_links_every_line_and_every_named_screen():
    screens = [
        Screen(id="hall", site="hsinchu", area="smt"),
        Screen(id="other", site="elsewhere", area="x"),
    ]
    tree = home.layout([SITE], screens, translator("en"))
    walls = [link for link in links(tree) if link.startswith("/wall")]
    assert walls == ["/wall/hsinchu.smt", "/wall/hsinchu.test", "/wall/hall"]


def test_the_start_counts_the_work_units_of_a_line():
    assert "2 work units" in texts(home.layout([SITE], [], translator("en")))


def test_the_start_leads_to_every_page_of_every_site():
    other = Site(id="tai nan", name="Tainan")
    pages = [("Orders", "/orders"), ("Delays", "/delays")]
    tree = home.layout([SITE, other], [], translator("en"), pages=pages)
    assert {"/orders?site=hsinchu", "/delays?site=tai%20nan"} <= set(links(tree))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_start_has_the_theme_that_was_chosen(theme):
    tree = home.layout([SITE], [], translator("en"), theme=theme)
    assert getattr(tree, "data-theme") == theme
    assert {"?theme=light", "?theme=dark"} <= set(links(tree))


def test_a_site_that_replays_a_log_says_so():
    replayed = Site(id="r", name="R", clock=SiteClock(origin=NOW, started_at=NOW))
    assert "replay of a log" in texts(home.layout([replayed], [], translator("en")))
    assert "This site has no lines yet." in texts(home.layout([replayed], [], translator("en")))


def test_without_a_site_the_start_says_how_one_comes():
    assert "No site yet" in texts(home.layout([], [], translator("en")))


@pytest.mark.parametrize("locale", LOCALES)
def test_languages_are_offered_in_their_own_name(locale):
    tree = home.layout([], [], translator(locale))
    assert {"繁體中文", "简体中文", "English"} <= set(texts(tree))
    current = [part for part in tree._traverse() if getattr(part, "aria-current", None)]
    assert [part.lang for part in current if hasattr(part, "lang")] == [locale]
    assert tree.lang == locale


def test_the_start_says_at_which_address_a_screen_is_opened():
    tree = home.layout([], [], translator("en"), "http://10.0.0.5:8050")
    assert "chromium --kiosk http://10.0.0.5:8050/wall/…" in texts(tree)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("page", [message.not_found, message.no_screen, message.broken])
def test_a_message_names_what_it_is_about_and_leads_on(page, locale):
    tree = page("x.y", translator(locale))
    assert "x.y" in texts(tree)
    assert links(tree) == ["/"]
    assert tree.lang == locale


def test_a_page_that_is_not_ready_leads_on_too():
    assert links(message.not_ready(translator("en"))) == ["/"]
