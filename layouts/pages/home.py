"""The start: how every site stands now, the ways to its pages and walls, how a wall is put up.

Pure. What is told live is one still part; `assets/home.js` has it drawn anew as things change.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dash import dcc, html
from dash.development.base_component import Component

from data.domain.glance import SiteGlance
from data.domain.site import Area, Site
from data.domain.topics import BOTTLENECK, CLOCK, EXCEPTIONS, FORECASTS, OPERATIONS, PLAN
from layouts import ids
from layouts.components.again import Again
from layouts.components.glance import figures, freshness, line_card
from layouts.components.links import link
from layouts.components.still import still
from layouts.desk import THEMES, Person, person
from layouts.screens import Screen
from layouts.text import LOCALE_NAMES, LOCALES, Translator
from layouts.urls import address as url

TOPICS = OPERATIONS | PLAN | FORECASTS | EXCEPTIONS | BOTTLENECK | CLOCK
Bare = Mapping[str, Sequence[tuple[str, str]]]  # site → names and paths of what is open of it
_KEY = "python app.py key add --site SITE --source SOURCE"
_SITE = "PUT /api/v1/site"
_PLAN = "python app.py import-plan FILE"


def skeleton() -> Component:
    """Return the elements that the renewal names, empty."""
    return html.Div([html.Div(id=ids.Home.SITES), dcc.Store(id=ids.Home.LIVE)])


def layout(
    sites: Sequence[Site],
    screens: Sequence[Screen],
    t: Translator,
    address: str = "",
    pages: Sequence[tuple[str, str]] = (),
    theme: str = "light",
    who: Person | None = None,
    walls: bool = True,
    tools: Sequence[tuple[str, str]] = (),
    glances: Mapping[str, SiteGlance] = MappingProxyType({}),
    drawn_ms: int = 0,
    others: bool = False,
    bare: Bare = MappingProxyType({}),
    again: Again | None = None,
) -> Component:
    """Return the page; `address` is how this machine is reached, such as `http://host:8050`.

    `pages`: names and paths of what there is to read about each site; `walls`: whether they
    may be looked at; `tools`: pages on who is let in; `glances`: how sites stand, of those that
    may be told live; `drawn_ms`: the real instant, for the script; `others`: there are sites
    that aren't the reader's; `bare`: those that have sent no model yet; `again`: what
    is asked while there is none.
    """
    own = sites_part(sites, screens, pages, t, walls, glances, drawn_ms, bare)
    live = "1" if any(site.id in glances for site in sites) else ""
    return html.Main(
        [
            _top(theme, who, t),
            html.P(t("How far every order is, live."), className="mp-lead"),
            html.Div(own if sites else _no_sites(t, others, again), id=ids.Home.SITES),
            dcc.Store(id=ids.Home.LIVE),
            *([_tools(tools, t)] if tools else []),
            *([_how_to(t, address)] if walls and sites else []),
        ],
        id=ids.Home.ROOT,
        className="mp-paper mp-home",
        lang=t.locale,
        **{"data-theme": theme, "data-live": live},
    )


def _top(theme: str, who: Person | None, t: Translator) -> Component:
    tools = [_languages(t), _themes(theme, t), *([person(who, t)] if who else [])]
    return html.Header(
        [html.H1("Milepost"), html.Div(tools, className="mp-start-tools")], className="mp-top"
    )


def sites_part(
    sites: Sequence[Site], screens: Sequence[Screen], pages: Sequence[tuple[str, str]],
    t: Translator, walls: bool, glances: Mapping[str, SiteGlance], drawn_ms: int,
    bare: Bare = MappingProxyType({}),
) -> Component:  # fmt: skip
    """Return every site, as one still part that is drawn anew while somebody looks at it."""
    parts = [
        _bare(site, bare[site.id], t)
        if site.id in bare
        else _site(site, screens, pages, t, walls, glances.get(site.id))
        for site in sites
    ]
    return still(html.Div(parts, **{"data-drawn": str(drawn_ms)}), ids.Home.GLANCE)


def _languages(t: Translator) -> Component:
    links = [
        html.A(
            LOCALE_NAMES[locale],
            href=f"?lang={locale}",
            lang=locale,
            className="mp-language",
            **({"aria-current": "true"} if locale == t.locale else {}),
        )
        for locale in LOCALES
    ]
    return html.Nav(links, id=ids.Home.LANGUAGES, **{"aria-label": t("Language")})


def _themes(theme: str, t: Translator) -> Component:
    links = [
        html.A(
            t(words),
            href=f"?theme={name}",
            className="mp-language",
            **({"aria-current": "true"} if name == theme else {}),
        )
        for name, words in THEMES.items()
    ]
    return html.Nav(links, **{"aria-label": t("Theme")})


def _site(
    site: Site, screens: Sequence[Screen], pages: Sequence[tuple[str, str]], t: Translator,
    walls: bool, glance: SiteGlance | None,
) -> Component:  # fmt: skip
    replay = [html.Span(t("replay of a log"), className="mp-tag")] if site.clock else []
    zone = [] if _is_early(glance) else [html.Span(site.timezone, className="mp-quiet")]
    return html.Section(
        [
            html.Div([html.H2(site.name), *zone, *replay], className="mp-site-name"),
            *_standing(glance, [path for _, path in pages], t),
            *([_pages(site, pages, t)] if pages else []),
            *(_walls(site, screens, glance, t) if walls else []),
        ],
        className="mp-site",
        id=f"site-{site.id}",
    )


def _bare(site: Site, pages: Sequence[tuple[str, str]], t: Translator) -> Component:
    """Return a site that has said nothing yet of what stands there."""
    words = t("This site has sent no model yet; nothing that it reports can be taken before.")
    return html.Section(
        [
            html.Div(html.H2(site.name), className="mp-site-name"),
            html.P(words, className="mp-quiet"),
            *([_pages(site, pages, t)] if pages else []),
        ],
        className="mp-site",
        id=f"site-{site.id}",
    )


def _is_early(glance: SiteGlance | None) -> bool:
    """Whether the board is being loaded: which lines there are, and where, isn't known yet."""
    return glance is not None and not glance.loaded


def _standing(glance: SiteGlance | None, opens: Sequence[str], t: Translator) -> list[Component]:
    """Return how a site stands now, for those who may be told."""
    if glance is None:
        return []
    if _is_early(glance):
        words = t("The board is being put together. This page goes on by itself.")
        return [html.P(words, className="mp-glance-fresh", role="status")]
    return [freshness(glance, t), figures(glance, opens, t)]


def _walls(
    site: Site, screens: Sequence[Screen], glance: SiteGlance | None, t: Translator
) -> list[Component]:
    """Return the way to each wall; to a line's with how that stands."""
    if glance is not None and glance.loaded:
        lines = [line_card(glance, line, _wall, t) for line in glance.lines]
    else:
        lines = [_line(site, area, t) for area in site.areas]
    named = [_named(screen, t) for screen in screens if screen.site == site.id]
    if _is_early(glance) and not lines and not named:
        return []
    none = html.P(t("This site has no lines yet."), className="mp-quiet")
    cards = html.Ul([*lines, *named], className="mp-cards") if lines or named else none
    return [html.H3(t("Walls"), className="mp-walls-name"), cards]


def _pages(site: Site, pages: Sequence[tuple[str, str]], t: Translator) -> Component:
    links = [link(name, url(path, {"site": site.id}), "mp-page-link") for name, path in pages]
    return html.Nav(links, className="mp-page-links", **{"aria-label": t("Pages")})


def _tools(tools: Sequence[tuple[str, str]], t: Translator) -> Component:
    links = [html.A(name, href=path, className="mp-page-link") for name, path in tools]
    nav = html.Nav(links, className="mp-page-links", **{"aria-label": t("Who is let in")})
    return html.Section([html.H2(t("Who is let in")), nav], className="mp-how")


def _line(site: Site, area: Area, t: Translator) -> Component:
    centers = {center.id for center in site.work_centers if center.area == area.id}
    units = sum(unit.work_center in centers for unit in site.work_units)
    return _card(
        f"{site.id}.{area.id}", area.name or area.id, t("{count} work units", count=t.number(units))
    )


def _named(screen: Screen, t: Translator) -> Component:
    size = t(
        "{diagonal} inches, from {distance} m",
        diagonal=f"{screen.diagonal_in:g}",
        distance=f"{screen.distance_m:g}",
    )
    return _card(screen.id, screen.id, size)


def _card(screen_id: str, name: str, words: str) -> Component:
    path = _wall(screen_id)
    return html.Li(
        html.A(
            [html.Strong(name), html.Span(words), html.Code(path)], href=path, className="mp-link"
        )
    )


def _wall(screen_id: str) -> str:
    return f"/wall/{screen_id}"


def _no_sites(t: Translator, others: bool, again: Again | None) -> Component:
    """Return how to begin, or that none of the sites is the reader's."""
    if others:
        body = [
            html.H2(t("No site is open to you")),
            html.P(t("An administrator says which sites somebody sees.")),
        ]
        return html.Section(body, className="mp-site")
    steps = [
        [t("Make a key for whoever reports:"), html.Code(_KEY)],
        [t("Send the site: its lines, work centers, work units, calendars."), html.Code(_SITE)],
        [t("Send the orders, or import them from a file:"), html.Code(_PLAN)],
    ]
    return html.Section(
        [
            html.H2(t("No site yet")),
            html.P(t("A site appears here as soon as its plan has been sent or imported.")),
            html.Ol([html.Li(step) for step in steps]),
        ],
        className="mp-site mp-how",
        **({} if again is None else again.marks()),
    )


def _how_to(t: Translator, address: str) -> Component:
    browser = html.Code(f"chromium --kiosk {address or 'http://…'}/wall/…")
    steps: list[list[str | Component]] = [
        [
            t("Open a line above on the screen's computer and press F11, or start its browser so:"),
            browser,
        ],
        [
            t(
                "It shows a code. Type that on the page “Screens on walls”; "
                "from then on it lets itself in."
            )
        ],
        [t("Set a screen's size, viewing distance, language and pages in layouts/screens.yaml.")],
        [t("Leave it. It reloads by itself and says so when its figures are old.")],
    ]
    return html.Details(
        [html.Summary(t("Put up a screen")), html.Ol([html.Li(step) for step in steps])],
        className="mp-how",
    )
