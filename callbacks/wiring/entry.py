"""What lets anybody in, wired: people, screens, and those who have a link.

Imported by the other modules of `callbacks.wiring` alone.
"""

from functools import partial

from flask import Blueprint
from msgspec.structs import replace

from callbacks.beside import BesideHasher
from callbacks.entry import Entry
from callbacks.links import LinkPages, parties_of
from callbacks.links import proof as proof_of_link
from callbacks.openid import Provider
from callbacks.plain_pages import PlainPages
from callbacks.screens import ScreenPages
from callbacks.screens import proof as proof_of_screen
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


class WaysIn:
    """`entry`: what everybody comes in by, also with a screen's token or a link's."""

    def __init__(self, engines: Engines, settings: Settings, walls: Walls) -> None:
        entry, key = _entry(engines, settings), secret_of(settings)
        self._people, self._walls, self._build = PeopleStore(engines.sql), walls, settings.build
        self._devices = Devices(
            ScreenStore(engines.sql), self._people, entry.audit, derived(key, "screens"), utc_now
        )
        parties = partial(parties_of, walls.sites)
        self._links = Links(self._people, entry.audit, parties, utc_now)
        proofs = {
            "screen": proof_of_screen(self._devices),
            "link": proof_of_link(self._links, walls.sites),
        }
        self.entry = replace(entry, others=proofs)

    def pages(self, plain: PlainPages) -> list[Blueprint]:
        """Return the pages of those who look after screens and links, and what both open by."""
        screens = ScreenPages(self._devices, self._walls, self._names, self._build, plain)
        return [screens.blueprint(), LinkPages(self._links, self._names, plain).blueprint()]

    def _names(self) -> dict[str, str]:
        return {f"account/{one.id}": one.name for one in self._people.all()}
