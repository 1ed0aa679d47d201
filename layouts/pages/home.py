"""The start: every site with its lines, their walls, and how a wall is put up."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from data.domain.site import Area, Site
from layouts import ids
from layouts.components.links import link
from layouts.desk import THEMES, Person, person
from layouts.screens import Screen
from layouts.text import LOCALE_NAMES, LOCALES, Translator
from layouts.urls import address as url


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
) -> Component:
    """Return the page; `address` is how this machine is reached, such as `http://host:8050`.

    `pages`: names and paths of what there is to read about each site; `walls`: whether they
    may be looked at; `tools`: pages on who is let in.
    """
    return html.Main(
        [
            html.Header(
                [
                    html.H1("Milepost"),
                    html.Div(
                        [_languages(t), _themes(theme, t), *([person(who, t)] if who else [])],
                        className="mp-start-tools",
                    ),
                ],
                className="mp-top",
            ),
            html.P(t("How far every order is, live."), className="mp-lead"),
            *([_site(site, screens, pages, t, walls) for site in sites] or [_no_sites(t)]),
            *([_tools(tools, t)] if tools else []),
            *([_how_to(t, address)] if walls else []),
        ],
        id=ids.Home.ROOT,
        className="mp-paper mp-home",
        lang=t.locale,
        **{"data-theme": theme},
    )


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
    walls: bool,
) -> Component:  # fmt: skip
    lines = [_line(site, area, t) for area in site.areas]
    named = [_named(screen, t) for screen in screens if screen.site == site.id]
    replay = [html.Span(t("replay of a log"), className="mp-tag")] if site.clock else []
    none = html.P(t("This site has no lines yet."), className="mp-quiet")
    cards = html.Ul([*lines, *named], className="mp-cards") if lines or named else none
    return html.Section(
        [
            html.Div([html.H2(site.name), *replay], className="mp-site-name"),
            html.P(site.timezone, className="mp-quiet"),
            *([_pages(site, pages, t)] if pages else []),
            *([html.H3(t("Walls"), className="mp-walls-name"), cards] if walls else []),
        ],
        className="mp-site",
    )


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
    path = f"/wall/{screen_id}"
    return html.Li(
        html.A(
            [html.Strong(name), html.Span(words), html.Code(path)], href=path, className="mp-link"
        )
    )


def _no_sites(t: Translator) -> Component:
    return html.Section(
        [
            html.H2(t("No site yet")),
            html.P(t("A site appears here as soon as its plan has been sent or imported.")),
            html.Code("python app.py import-plan FILE"),
        ],
        className="mp-site",
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
    return html.Section(
        [html.H2(t("Put up a screen")), html.Ol([html.Li(step) for step in steps])],
        className="mp-how",
    )
