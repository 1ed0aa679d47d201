"""The start: how each site stands at one look, and the ways that are open to who reads it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.exceptions.records import Severity
from data.domain.facts import LineBottleneck
from data.domain.glance import LineGlance, SiteGlance
from data.domain.site import Area, Site, SiteClock, WorkCenter, WorkUnit
from data.domain.view import Readers
from layouts.pages import home
from layouts.screens import Screen
from layouts.text import LOCALES, translator
from tests.unit.stills import nodes

NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
EN = translator("en")
SITE = Site(
    id="hsinchu",
    name="Hsinchu",
    areas=(Area(id="smt", calendar="c", name="SMT line"), Area(id="test", calendar="c")),
    work_centers=(WorkCenter(id="A", area="smt"),),
    work_units=(WorkUnit(id="A-1", work_center="A"), WorkUnit(id="A-2", work_center="A")),
)
READERS = Readers(
    log_connected=True, event_age_s=2.4, history_lag_s=0.5, history_stale=False, watch_lag_s=1.0
)
HELD_UP = LineBottleneck(
    area="smt", as_of=NOW - timedelta(minutes=1), work_unit="A-1", since=NOW, today=(), clear=None,
    reason=None, active_s=3600.0,
)  # fmt: skip
LINE = LineGlance(
    area="smt", name="SMT line", units=2, late=3, at_risk=1, bottleneck=HELD_UP, stale_s=None
)
GLANCE = SiteGlance(
    site="hsinchu", name="Hsinchu", timezone="Asia/Taipei", now=NOW, readers=READERS, open=82,
    late=3, at_risk=1, severities={Severity.CRITICAL: 1, Severity.HIGH: 0, Severity.LOW: 6},
    lines=(LINE, LineGlance(area="test", name="test", units=0, late=0, at_risk=0, bottleneck=None,
                            stale_s=None)),
)  # fmt: skip
PAGES = (("Exceptions", "/exceptions"), ("Orders", "/orders"))


def page(glance=GLANCE, sites=(SITE,), screens=(), t=EN, pages=PAGES, **more):
    glances = {} if glance is None else {"hsinchu": glance}
    return home.layout(sites, screens, t, pages=pages, glances=glances, **more)


def texts(tree):
    parts = [part for part in tree._traverse() if not isinstance(part, str)]
    alone = [part.children for part in parts if isinstance(getattr(part, "children", None), str)]
    plain = [part for part in tree._traverse() if isinstance(part, str)]
    return alone + plain + [node for node in nodes(tree) if isinstance(node, str)]


def elements(tree, css):
    """Attributes and texts of the elements of a class in the still parts."""
    found = [n for n in nodes(tree) if not isinstance(n, str)]
    wanted = [n for n in found if css in n[1].get("class", "").split()]
    return [(n[1], json.dumps(n[2], ensure_ascii=False)) for n in wanted]


def links(tree):
    own = [part.href for part in tree._traverse() if getattr(part, "href", None)]
    return own + [n[1]["href"] for n in nodes(tree) if not isinstance(n, str) and "href" in n[1]]


# How a site stands


def test_it_tells_what_is_late_at_risk_and_open_with_a_shape_beside_what_is_not_normal():
    late, risk, cases, open_ = (said for _, said in elements(page(), "mp-glance-tile"))
    assert '"Late orders"' in late and '"3"' in late and "mp-shape" in late
    assert '"Orders at risk"' in risk and '"1"' in risk
    assert '"7"' in cases and '"Critical"' in cases and '"High"' not in cases
    assert '"82"' in open_ and "mp-shape" not in open_


def test_nothing_late_is_told_quietly():
    tile, said = elements(page(replace(GLANCE, late=0)), "mp-glance-tile")[0]
    assert tile["class"] == "mp-glance-tile" and "mp-shape" not in said


def test_figures_lead_to_their_pages_where_these_are_open_to_the_reader():
    assert [tile.get("href") for tile, _ in elements(page(), "mp-glance-tile")] == [
        "/orders?site=hsinchu", "/orders?site=hsinchu", "/exceptions?site=hsinchu",
        "/orders?site=hsinchu",
    ]  # fmt: skip
    inbox_alone = page(pages=PAGES[:1])
    assert [tile.get("href") for tile, _ in elements(inbox_alone, "mp-glance-tile")] == [
        None, None, "/exceptions?site=hsinchu", None,
    ]  # fmt: skip
    assert not [href for href in links(inbox_alone) if href.startswith("/orders")]


def test_each_line_tells_its_bottleneck_its_orders_and_the_way_to_its_wall():
    (card, said), (bare_card, bare) = elements(page(), "mp-glance-line")
    assert card["href"] == "/wall/hsinchu.smt"
    assert '"A-1"' in said and '"1 h 1 min active"' in said
    assert '"3"' in said and '"late"' in said and '"2 work units"' in said
    assert bare_card["href"] == "/wall/hsinchu.test"
    assert '"No finding for this time"' in bare and '"no order late or at risk"' in bare


@pytest.mark.parametrize(
    ("paused", "words"), [(True, "line off shift"), (False, "nobody is active")]
)
def test_a_line_that_nobody_holds_up_says_so(paused, words):
    idle = replace(HELD_UP, work_unit=None, paused=paused)
    tree = page(replace(GLANCE, lines=(replace(LINE, bottleneck=idle),)))
    assert words in texts(tree)


def test_the_age_of_the_newest_event_stands_there_for_the_script_to_go_on_with():
    ((age, said),) = elements(page(), "mp-glance-age")
    assert said == '["2 s"]'
    assert (age["data-age"], age["data-s"], age["data-m"]) == ("2", "# s", "# min")
    assert age["data-lost"] == "no connection"


def test_of_a_replayed_log_the_age_stands_still():
    ((age, _),) = elements(page(replace(GLANCE, replay=True)), "mp-glance-age")
    assert "data-age" not in age


def test_what_never_reported_is_no_figure():
    silent = replace(
        GLANCE, severities=None, readers=replace(READERS, event_age_s=None, watch_lag_s=None)
    )
    words = texts(page(silent))
    assert {"–", "the watch hasn't reported yet", "nothing heard yet"} <= {*words}


# What is old


def is_hatched(given):
    return "mp-stale" in given["class"].split()


def hatched(tree):
    parts = ("mp-glance-tile", "mp-glance-line", "mp-glance-bn", "mp-glance-flag")
    return {css for css in parts if any(is_hatched(given) for given, _ in elements(tree, css))}


def test_what_is_live_is_not_hatched():
    assert hatched(page()) == set()


def test_without_the_log_everything_is_hatched_and_says_so():
    off = replace(GLANCE, readers=replace(READERS, log_connected=False, event_age_s=90.0))
    tree = page(off)
    assert hatched(tree) == {"mp-glance-tile", "mp-glance-line", "mp-glance-flag"}
    assert {"log not connected", "1 min old"} <= {*texts(tree)}


def test_of_a_silent_watch_exceptions_and_bottlenecks_are_hatched_with_their_age():
    tree = page(replace(GLANCE, readers=replace(READERS, watch_lag_s=180.0, watch_stale=True)))
    stale = [
        said for given, said in elements(tree, "mp-glance-tile") if "mp-stale" in given["class"]
    ]
    assert len(stale) == 1 and '"Open exceptions"' in stale[0] and '"3 min old"' in stale[0]
    assert hatched(tree) == {"mp-glance-tile", "mp-glance-bn", "mp-glance-flag"}
    assert "forecasts are 3 min old" in texts(tree)


def test_a_line_without_any_signal_is_hatched_alone():
    tree = page(replace(GLANCE, lines=(replace(LINE, stale_s=300.0), LINE)))
    first, second = (given["class"] for given, _ in elements(tree, "mp-glance-line"))
    assert "mp-stale" in first and "mp-stale" not in second
    assert "5 min old" in texts(tree)


@pytest.mark.parametrize(
    ("lag_s", "words"), [(None, "not recording"), (40.0, "recording 40 s behind")]
)
def test_recording_that_lags_is_told(lag_s, words):
    readers = replace(READERS, history_stale=True, history_lag_s=lag_s)
    assert words in texts(page(replace(GLANCE, readers=readers)))


def test_a_board_that_is_being_put_together_shows_no_figures():
    tree = page(SiteGlance(site="hsinchu", name="", timezone="UTC", now=NOW, readers=READERS,
                           loaded=False))  # fmt: skip
    assert elements(tree, "mp-glance-tile") == []
    assert "The board is being put together. This page goes on by itself." in texts(tree)
    assert "/wall/hsinchu.smt" in links(tree)


def test_of_a_board_that_is_being_put_together_nothing_is_made_up():
    early = SiteGlance(site="hsinchu", name="", timezone="UTC", now=NOW, readers=READERS,
                       loaded=False)  # fmt: skip
    words = texts(page(early, sites=(Site(id="hsinchu", name="hsinchu"),)))
    assert "hsinchu" in words
    assert not {"UTC", "Walls", "This site has no lines yet."} & {*words}


BARE_WORDS = "This site has sent no model yet; nothing that it reports can be taken before."


@pytest.mark.parametrize("locale", LOCALES)
def test_a_site_without_a_model_says_so_and_leads_to_what_is_open_of_it_alone(locale):
    t = translator(locale)
    site = Site(id="new", name="new")
    tree = page(None, sites=(SITE, site), t=t, bare={"new": [("Quarantine", "/quarantine")]})
    assert t(BARE_WORDS) in texts(tree)
    assert t("The board is being put together. This page goes on by itself.") not in texts(tree)
    assert [way for way in links(tree) if "new" in way] == ["/quarantine?site=new"]


# Ways


def test_it_links_every_line_and_every_named_screen():
    screens = [
        Screen(id="hall", site="hsinchu", area="smt"),
        Screen(id="other", site="elsewhere", area="x"),
    ]
    for glance in (GLANCE, None):
        walls = [link for link in links(page(glance, screens=screens)) if link.startswith("/wall")]
        assert walls == ["/wall/hsinchu.smt", "/wall/hsinchu.test", "/wall/hall"]


def test_it_leads_to_every_page_of_every_site():
    other = Site(id="tai nan", name="Tainan")
    tree = page(sites=(SITE, other))
    assert {"/orders?site=hsinchu", "/orders?site=tai%20nan"} <= set(links(tree))


def test_who_may_be_told_nothing_live_gets_the_ways_alone():
    tree = page(None, walls=False)
    assert elements(tree, "mp-glance-tile") == []
    assert getattr(tree, "data-live") == ""
    assert not [href for href in links(tree) if href.startswith("/wall")]


def test_the_script_is_told_to_listen_and_when_it_was_drawn():
    tree = page(drawn_ms=1700)
    assert getattr(tree, "data-live") == "1"
    (drawn,) = [n for n in nodes(tree) if not isinstance(n, str) and "data-drawn" in n[1]]
    assert drawn[1]["data-drawn"] == "1700"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_has_the_theme_that_was_chosen(theme):
    tree = page(theme=theme)
    assert getattr(tree, "data-theme") == theme
    assert {"?theme=light", "?theme=dark"} <= set(links(tree))


def test_a_site_that_replays_a_log_says_so():
    replayed = Site(id="r", name="R", clock=SiteClock(origin=NOW, started_at=NOW))
    words = texts(page(None, sites=(replayed,)))
    assert {"replay of a log", "This site has no lines yet."} <= {*words}


def test_without_a_site_it_says_how_one_comes():
    words = texts(page(None, sites=()))
    assert {"No site yet", "python app.py import-plan FILE", "PUT /api/v1/site"} <= {*words}
    assert "Put up a screen" not in words


def test_who_sees_none_of_the_sites_is_told_whom_to_ask():
    words = texts(page(None, sites=(), others=True))
    assert "No site is open to you" in words and "No site yet" not in words


@pytest.mark.parametrize("locale", LOCALES)
def test_languages_are_offered_in_their_own_name(locale):
    tree = page(t=translator(locale))
    assert {"繁體中文", "简体中文", "English"} <= set(texts(tree))
    current = [part for part in tree._traverse() if getattr(part, "aria-current", None)]
    assert [part.lang for part in current if hasattr(part, "lang")] == [locale]
    assert tree.lang == locale


def test_it_says_at_which_address_a_screen_is_opened():
    tree = home.layout([SITE], [], EN, "http://10.0.0.5:8050")
    assert "chromium --kiosk http://10.0.0.5:8050/wall/…" in texts(tree)
