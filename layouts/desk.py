"""The frame of every page that is read at a desk: where one is, how fresh it is, where to go.

`frame` puts a page's body below the header. Pure; `callbacks.desk.shell` makes the `Head`.
"""

from collections.abc import Sequence
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component
from msgspec import Struct

from layouts import ids
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.text import LOCALE_NAMES, Translator, msgid

# The order in which pages stand in the navigation, and the page that a sub-page belongs to.
NAVIGATION = (
    "supplier", "customer", "logistics", "party-exceptions",
    "exceptions", "orders", "gantt", "bottleneck", "delays", "figures", "report", "needs", "dates",
    "rules", "exception-quality",
)  # fmt: skip
MOST_TABS = 8  # more pages than these don't fit a laptop's screen: then only MAIN stay in sight
MAIN = frozenset({"exceptions", "orders", "gantt", "bottleneck", "delays", "figures", "needs"})
SHORT_NAMES = {"zh-Hant": "繁", "zh-Hans": "简", "en": "EN"}
TOLD = msgid("Notifications")
THEMES = {"light": msgid("Light"), "dark": msgid("Dark")}


class Link(Struct, frozen=True, kw_only=True):
    """One link of the header."""

    name: str
    words: str
    href: str
    current: bool = False
    count: int | None = None  # how many things wait there


class Stale(Struct, frozen=True, kw_only=True):
    """Something shown that is older than its limit; `age_s` None: it was never there."""

    what: str  # "history" or "forecasts"
    age_s: float | None


class Status(Struct, frozen=True, kw_only=True):
    """How fresh the body is. `drawn_ms`: the real instant, for the script."""

    now: datetime
    timezone: str
    at: datetime | None
    topics: int
    drawn_ms: int
    log_connected: bool = True
    replay: bool = False
    stale: tuple[Stale, ...] = ()


class Person(Struct, frozen=True, kw_only=True):
    """Who looks. `token`: of the form that signs them out; `unread`: of what they were told."""

    name: str
    token: str
    unread: int | None = None


class Head(Struct, frozen=True, kw_only=True):
    """What the header says; `site` None: no site stands behind the page."""

    site: str | None
    site_name: str
    theme: str
    stream: str = "desk"  # which stream under /live says that something has changed
    sites: tuple[Link, ...] = ()
    pages: tuple[Link, ...] = ()
    tools: tuple[Link, ...] = ()  # pages without any script, which are loaded whole
    languages: tuple[Link, ...] = ()
    themes: tuple[Link, ...] = ()
    exports: tuple[Link, ...] = ()
    back_to_live: str = ""
    person: Person | None = None


def frame(
    head: Head, status: Status | None, body: Component | Sequence[Component], t: Translator
) -> Component:
    """Return a whole page: header, what must be said of its age, its body."""
    marks = {
        "data-theme": head.theme,
        "data-site": head.site or "",
        "data-stream": head.stream,
        "data-locale": t.locale,
    }
    return html.Div(
        [
            html.A(t("Skip to the content"), href=f"#{ids.Desk.BODY}", className="mp-skip"),
            header(head, t),
            html.Div(status_line(status, head.back_to_live, t), id=ids.Desk.STATUS),
            html.Main(body, id=ids.Desk.BODY, className="mp-body", tabIndex=-1),
            dcc.Store(id=ids.Desk.LIVE),
        ],
        id=ids.Desk.ROOT,
        className="mp-desk",
        lang=t.locale,
        **marks,
    )


def header(head: Head, t: Translator) -> Component:
    """Return the header: where one is, where to go, who looks."""
    tabs, others = _in_sight(head.pages)
    return html.Header(
        [
            html.Div(
                [html.A("Milepost", href="/", className="mp-mark"), _sites(head, t)],
                className="mp-top-left",
            ),
            html.Nav(
                [_tab(one, t) for one in tabs], className="mp-tabs", **{"aria-label": t("Pages")}
            ),
            html.Div(
                [
                    _others(others, head.tools, t),
                    _exports(head, t),
                    _languages(head, t),
                    _themes(head, t),
                    *([bell(head.person, t), person(head.person, t)] if head.person else []),
                ],
                className="mp-tools",
            ),
        ],
        className="mp-top-bar",
    )


def _in_sight(pages: Sequence[Link]) -> tuple[Sequence[Link], Sequence[Link]]:
    """Return the pages that have a tab, and those that stand in a menu."""
    if len(pages) <= MOST_TABS:
        return pages, ()
    return (
        [one for one in pages if one.name in MAIN],
        [one for one in pages if one.name not in MAIN],
    )


def _others(pages: Sequence[Link], tools: Sequence[Link], t: Translator) -> Component:
    every = [*pages, *tools]
    if not every:
        return html.Span()
    links = [link(one.words, one.href, "mp-choice", "page" if one.current else "") for one in pages]
    links += [_tool(one) for one in tools]
    here = next((one.words for one in every if one.current), None)
    css = "mp-more-menu mp-more-here" if here else "mp-more-menu"
    return _menu(here or t("More"), links, css, t("More pages"))


def _tool(one: Link) -> Component:
    marks = {"aria-current": "page"} if one.current else {}
    return html.A(one.words, href=one.href, className="mp-choice", **marks)


def _tab(one: Link, t: Translator) -> Component:
    current = "page" if one.current else ""
    if one.count is None:
        return link(one.words, one.href, "mp-tab", current)
    marks = {"data-count": str(one.count)}
    count = html.Span(t.number(one.count), className="mp-tab-count", **marks)
    return link([one.words, count], one.href, "mp-tab", current)


def _current(one: Link) -> dict[str, str]:
    return {"aria-current": "true"} if one.current else {}


def _sites(head: Head, t: Translator) -> Component:
    if len(head.sites) < 2:
        return html.Span(head.site_name, className="mp-site-now")
    links = [
        link(one.words, one.href, "mp-choice", "true" if one.current else "") for one in head.sites
    ]
    return _menu(head.site_name or t("Choose a site"), links, "mp-site-menu", t("Site"))


def _exports(head: Head, t: Translator) -> Component:
    links = [
        html.A(one.words, href=one.href, download="", className="mp-choice") for one in head.exports
    ]
    return _menu(t("Export"), links, "mp-export-menu", t("Export")) if links else html.Span()


def bell(who: Person, t: Translator) -> Component:
    """Return the way to what one was told, with how much of it is unread."""
    count = who.unread or 0
    words = t("Notifications, {count} unread", count=t.number(count)) if count else t(TOLD)
    marks = {"aria-label": words, "data-unread": str(count)}
    return html.A(
        [
            html.Span(className="mp-bell-shape", **{"aria-hidden": "true"}),
            html.Span(
                t.number(count) if count else "", className="mp-bell-count",
                **{"aria-hidden": "true"},
            ),
        ],
        href="/notifications", title=words, className="mp-bell", **marks,
    )  # fmt: skip


def person(who: Person, t: Translator) -> Component:
    """Return whose page it is: the way to the own account, and out."""
    out = html.Button(
        t("Sign out"), type="submit", name="csrf_token", value=who.token, className="mp-choice"
    )
    links = [
        html.A(t("Your account"), href="/account", className="mp-choice"),
        html.A(t(TOLD), href="/notifications", className="mp-choice"),
        html.Form(out, action="/sign-out", method="post"),
    ]
    return _menu(who.name, links, "mp-person", t("Account"))


def _menu(words: str, links: Sequence[Component], css: str, label: str) -> Component:
    return html.Details(
        [
            html.Summary(words, **{"aria-label": f"{label}: {words}" if label != words else label}),
            html.Div(links, className="mp-menu-list"),
        ],
        className=f"mp-menu {css}",
    )


def _languages(head: Head, t: Translator) -> Component:
    links = [
        html.A(
            SHORT_NAMES[one.name],
            href=one.href,
            lang=one.name,
            title=LOCALE_NAMES[one.name],
            className="mp-switch",
            **{"aria-label": LOCALE_NAMES[one.name], **_current(one)},
        )
        for one in head.languages
    ]
    return html.Nav(links, className="mp-switches", **{"aria-label": t("Language")})


def _themes(head: Head, t: Translator) -> Component:
    links = [
        html.A(
            html.Span(className=f"mp-theme-{one.name}", **{"aria-hidden": "true"}),
            href=one.href,
            title=one.words,
            className="mp-switch",
            **{"aria-label": one.words, **_current(one)},
        )
        for one in head.themes
    ]
    return html.Nav(links, className="mp-switches", **{"aria-label": t("Theme")})


def status_line(status: Status | None, back_to_live: str, t: Translator) -> list[Component]:
    """Return what stands between header and body: as of when, and what is older than that."""
    if status is None:
        return []
    chips = [_chip(stale, t) for stale in status.stale]
    if not status.log_connected:
        chips.insert(
            0, html.Span([shape(), t("log not connected")], className="mp-flag mp-is-stopped")
        )
    if status.replay:
        chips.append(html.Span(t("replay of a log"), className="mp-flag"))
    if status.at is not None:
        return [_past_banner(status, back_to_live, t)]
    return [html.Div([_as_of(status, t), *chips], className="mp-status", role="status")]


def _as_of(status: Status, t: Translator) -> Component:
    marks = {
        "data-topics": str(status.topics),
        "data-drawn": str(status.drawn_ms),
        "data-now": str(int(status.now.timestamp() * 1000)),
        "data-tz": status.timezone,
        "data-lost": t("no connection"),
    }
    return html.Span(
        [
            html.Span(className="mp-dot", **{"aria-hidden": "true"}),
            html.Span(className="mp-lost-word"),
            html.Span([t("as of"), " ", html.Time(t.seconds(status.now, status.timezone))]),
        ],
        id=ids.Desk.AS_OF,
        className="mp-as-of",
        **marks,
    )


def _chip(stale: Stale, t: Translator) -> Component:
    return html.Span([shape(), _stale_words(stale, t)], className="mp-flag mp-stale mp-is-unknown")


def _stale_words(stale: Stale, t: Translator) -> str:
    if stale.what == "forecasts":
        return t("forecasts are {age} old", age=t.duration(stale.age_s or 0))
    if stale.age_s is None:
        return t("not recording")
    return t("recording {age} behind", age=t.duration(stale.age_s))


def _past_banner(status: Status, back_to_live: str, t: Translator) -> Component:
    when = t.exact(status.at, status.timezone)
    return html.Div(
        [
            html.Span(t("as it was at {when}", when=when)),
            link(t("back to live"), back_to_live, "mp-back"),
        ],
        className="mp-past",
        role="status",
    )
