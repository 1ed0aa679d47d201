"""`/people`: administrators see who has an account, invite, keep out, let in again."""

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.gate import viewer
from callbacks.people_parties import choices, name_of, party_of
from callbacks.plain_pages import LONGEST, PlainPages, by, given
from data.domain.people import OUTSIDE, PEOPLE, Account, PersonError
from data.domain.scope import Role
from data.services.accounts_desk import AccountsDesk, Offered
from layouts.pages import people
from layouts.urls import address

_BLANK = people.Typed()
_CHANGES = ("disable", "enable", "reset", "drop-codes")


class PeoplePages:
    """The handlers. `sites`: the ids of all sites that there are."""

    def __init__(
        self, accounts: AccountsDesk, sites: Callable[[], Sequence[str]], pages: PlainPages
    ) -> None:
        self._accounts, self._sites, self._pages = accounts, sites, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("people", __name__, url_prefix=people.PATH)
        routes.get("")(self.listed)
        routes.post("")(self.invite)
        changes = ", ".join(f'"{one}"' for one in _CHANGES)
        routes.post(f"/<account_id>/<any({changes}):change>")(self.change)
        return routes

    def listed(self) -> Response:
        """Show everybody, and what was just changed."""
        account = self._accounts.find(request.args.get("of", "")[:LONGEST])
        name = "" if account is None else account.name
        return self._show(done=(request.args.get("said", ""), name) if name else ("", ""))

    def invite(self) -> Response:
        """Make an account; show its link, once."""
        role = given("role")
        typed = people.Typed(
            login=given("login"), name=given("name"), role=role,
            party=given(people.party_field(role)) if role in OUTSIDE else "",
            sites=request.form.getlist("sites")[:100],
        )  # fmt: skip
        try:
            return self._show(self._added(typed))
        except PersonError as error:
            return self._show(wrong=error, status=422, typed=typed)

    def change(self, account_id: str, change: str) -> Answer:
        """Change one account."""
        account = self._accounts.find(account_id)
        if account is None:
            abort(404)
        if change == "reset":
            return self._show(self._accounts.reset(by(), account))
        act = {
            "disable": self._accounts.disable,
            "enable": self._accounts.enable,
            "drop-codes": self._accounts.drop_codes,
        }[change]
        try:
            act(by(), account)
        except PersonError as error:
            return self._show(wrong=error, status=422)
        return redirect(address(people.PATH, {"said": change, "of": account.id}), 303)

    def _added(self, typed: people.Typed) -> Offered:
        """Make an account as the form has it.

        Raises: PersonError.
        """
        if typed.role not in PEOPLE:
            raise PersonError("role", "one of the list")
        if not set(typed.sites) <= {*self._sites(), people.EVERY_SITE}:
            raise PersonError("sites", "of the list")
        role = Role(typed.role)
        party = party_of(self._pages.sites(), role, typed.party, typed.sites)
        return self._accounts.add(by(), typed.login, typed.name, role, typed.sites, party)

    def _show(
        self, offered: Offered | None = None, wrong: PersonError | None = None, status: int = 200,
        done: tuple[str, str] = ("", ""), typed: people.Typed = _BLANK,
    ) -> Response:  # fmt: skip
        link = None if offered is None else request.host_url.rstrip("/") + offered.path
        shown = people.Shown(
            rows=[self._row(account) for account in self._accounts.all()],
            sites={site: self._named(site) for site in self._sites()},
            parties=choices(self._pages.sites().values()),
            link=link,
            link_for="" if offered is None else offered.account.name,
            done=done, wrong="" if wrong is None else wrong.field, typed=typed,
        )  # fmt: skip
        body = people.layout(shown, generate_csrf(), self._pages.t())
        return self._pages.show(people.PATH, people.TITLE, body, status)

    def _row(self, account: Account) -> people.Row:
        return people.Row(
            account=account,
            sessions=len(self._accounts.sessions(account)),
            own=viewer().account is not None and viewer().account.id == account.id,
            party=name_of(account, self._pages.sites()),
        )

    def _named(self, site: str) -> str:
        model = self._pages.sites().get(site)
        return site if model is None else model.name
