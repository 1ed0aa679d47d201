"""What lets anybody in, wired: people, screens, and those who have a link.

Imported by `web.server` alone.
"""

from functools import partial

from flask import Blueprint
from msgspec.structs import replace

from callbacks.beside import BesideHasher
from callbacks.entry import Entry
from callbacks.links import LinkPages, parties_of
from callbacks.openid import Provider
from callbacks.screens import ScreenPages
from callbacks.walls import Walls
from data.secret import derived
from data.services.links import Links
from data.services.live import utc_now
from data.services.screens import Devices
from data.settings import Settings
from data.store.people import PeopleStore
from data.store.screens import ScreenStore
from data.wiring import Engines, People, secret_of


def _entry(engines: Engines, settings: Settings) -> Entry:
    """Return what signing in stands on; checking a password must not hold up the screens."""
    people = People(engines.sql, secret_of(settings), BesideHasher())
    told = settings.openid
    provider = None
    if told is not None:
        provider = Provider(
            name=told.name, discovery=told.discovery, client_id=told.client_id,
            client_secret=told.client_secret,
        )  # fmt: skip
    return Entry(
        identity=people.identity, accounts=people.desk, audit=people.audit,
        forms_key=derived(secret_of(settings), "forms"), provider=provider,
        proxies=settings.trusted_proxies,
    )  # fmt: skip


def ways_in(
    engines: Engines, settings: Settings, walls: Walls
) -> tuple[Entry, Blueprint, Blueprint]:
    """Return what lets anybody in: people, screens, and those who have a link; with the pages."""
    entry, people, key = _entry(engines, settings), PeopleStore(engines.sql), secret_of(settings)

    def names() -> dict[str, str]:
        return {f"account/{one.id}": one.name for one in people.all()}

    devices = Devices(
        ScreenStore(engines.sql), people, entry.audit, derived(key, "screens"), utc_now
    )
    screens = ScreenPages(devices, walls, names, settings.locale, settings.build)
    taken = Links(people, entry.audit, partial(parties_of, walls.sites), utc_now)
    links = LinkPages(taken, walls.sites, names, settings.locale)
    proofs = {"screen": screens.proves, "link": links.proves}
    return replace(entry, others=proofs), screens.blueprint(), links.blueprint()
