"""Whoever comes in: the gate with the shield behind it, and the pages for signing in.

Imported by `callbacks.web`, which puts it before everything else.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from dash import Dash
from flask import Flask
from msgspec import Struct

from callbacks.desk.visit import DeskPage, roles_of
from callbacks.doors import Doors
from callbacks.gate import DOORS, PEOPLE, WATCHERS, Door, Gate, Other
from callbacks.openid import OpenId, Provider
from callbacks.people import PeoplePages
from callbacks.plain_pages import PlainPages
from callbacks.shield import Network, Shield
from data.domain.scope import Role
from data.services.accounts_desk import AccountsDesk
from data.services.audit import Audit
from data.services.identity import Identity


class Entry(Struct, frozen=True, kw_only=True):
    """What signing in stands on. `forms_key`: signs the cookies of forms.

    `others`: what stands behind tokens that aren't sessions, by the word that they begin with;
    `doors`: how endpoints are kept that others than the program itself add. `proxies`: on other
    machines, whose word on their clients counts.
    """

    identity: Identity
    accounts: AccountsDesk
    audit: Audit
    forms_key: bytes
    provider: Provider | None = None
    others: Mapping[str, Other] = {}
    doors: Mapping[str, Door] = {}
    proxies: Sequence[Network] = ()

    def register(
        self, app: Dash, sites: Callable[[], Sequence[str]], pages: Sequence[DeskPage],
        plain: PlainPages,
    ) -> None:  # fmt: skip
        """Put the gate before everything of a server, and the pages on people behind it."""
        server: Flask = app.server
        gate = Gate(self.identity, sites, page_roles(pages), self.others, {**DOORS, **self.doors})
        gate.register(server)
        Shield(gate, app).register(server, self.forms_key, self.proxies)
        named = None if self.provider is None else self.provider.name
        doors = Doors(self.identity, self.audit, plain, named)
        server.register_blueprint(doors.blueprint())
        server.register_blueprint(PeoplePages(self.accounts, sites, plain).blueprint())
        if self.provider is not None:
            openid = OpenId(server, self.provider, self.identity, self.audit, doors.not_let_in)
            server.register_blueprint(openid.blueprint())


def page_roles(pages: Sequence[DeskPage]) -> dict[str, Collection[Role]]:
    """Return whom each address of a page is for."""
    walls: dict[str, Collection[Role]] = {"/": PEOPLE, "/wall/<screen>": WATCHERS}
    return walls | {page.path: roles_of(page) for page in pages}
