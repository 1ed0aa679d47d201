"""`/people`: administrators see who has an account, invite, keep out, let in again."""

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.gate import viewer
from callbacks.plain_pages import PlainPages, by, given
from data.domain.people import PEOPLE, Account, PersonError
from data.domain.scope import Role
from data.services.accounts_desk import AccountsDesk, Offered
from layouts.pages import people

_CHANGES = ("disable", "enable", "reset", "drop-codes")


class PeoplePages:
    """The handlers. `sites`: the ids of all sites that there are."""

    def __init__(
        self, accounts: AccountsDesk, sites: Callable[[], Sequence[str]], pages: PlainPages
    ) -> None:
        self._accounts, self._sites, self._pages = accounts, sites, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("people", __name__, url_prefix="/people")
        routes.get("")(self.listed)
        routes.post("")(self.invite)
        changes = ", ".join(f'"{one}"' for one in _CHANGES)
        routes.post(f"/<account_id>/<any({changes}):change>")(self.change)
        return routes

    def listed(self) -> Response:
        """Show everybody."""
        return self._show()

    def invite(self) -> Response:
        """Make an account; show its link, once."""
        role, sites = given("role"), request.form.getlist("sites")[:100]
        try:
            if role not in PEOPLE or not set(sites) <= {*self._sites(), people.EVERY_SITE}:
                raise PersonError("role", "one of the list")
            offered = self._accounts.add(
                by(), given("login"), given("name"), Role(role), sites, given("party") or None
            )
        except PersonError as error:
            return self._show(wrong=error, status=422)
        return self._show(offered)

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
        return redirect("/people", 303)

    def _show(
        self, offered: Offered | None = None, wrong: PersonError | None = None, status: int = 200
    ) -> Response:
        link = None if offered is None else request.host_url.rstrip("/") + offered.path
        shown = people.Shown(
            rows=[self._row(account) for account in self._accounts.all()],
            sites=self._sites(),
            link=link,
            link_for="" if offered is None else offered.account.name,
            wrong="" if wrong is None else f"{wrong.field}: {wrong.expected}",
        )
        body = people.layout(shown, generate_csrf(), self._pages.t())
        return self._pages.alone(people.TITLE, body, status, wide=True)

    def _row(self, account: Account) -> people.Row:
        return people.Row(
            account=account,
            sessions=len(self._accounts.sessions(account)),
            own=viewer().account is not None and viewer().account.id == account.id,
        )
