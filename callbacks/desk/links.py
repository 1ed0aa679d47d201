"""The ways that a page's header offers: other sites, languages, themes, files. For the shell."""

from callbacks.desk.visit import DeskPage
from data.services.live import LiveSite
from layouts import desk
from layouts.text import LOCALE_NAMES, LOCALES, Translator
from layouts.urls import Address, address


def site_link(live: LiveSite, path: str, current: str | None) -> desk.Link:
    """Return the way to the same page of another site, or to the list that a page belongs to."""
    return desk.Link(
        name=live.site,
        words=live.board.site.name,
        href=address(path.split("/<", 1)[0], {"site": live.site}),
        current=live.site == current,
    )


def languages(here: Address, t: Translator) -> tuple[desk.Link, ...]:
    """Return the ways to the same page in each language."""
    return tuple(
        desk.Link(name=one, words=LOCALE_NAMES[one], href=here.href(lang=one),
                  current=one == t.locale)
        for one in LOCALES
    )  # fmt: skip


def themes(here: Address, t: Translator, theme: str) -> tuple[desk.Link, ...]:
    """Return the ways to the same page in each theme."""
    return tuple(
        desk.Link(name=name, words=t(words), href=here.href(theme=name), current=name == theme)
        for name, words in desk.THEMES.items()
    )


def export_links(page: DeskPage, here: Address) -> tuple[desk.Link, ...]:
    """Return the ways to the files of what the page shows."""
    return tuple(
        desk.Link(name=kind, words=words, href=address(f"/export/{page.name}.{kind}", here.query))
        for kind, words in (("xlsx", "Excel (.xlsx)"), ("csv", "CSV"))
    )
