"""Looking after accounts: who is invited, kept out, let in again. Each change is audited.

Imported by the page of administrators and by the wiring, whose command line does the same.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from data.domain.audit import Action, Detail
from data.domain.people import Account, PersonError, Purpose, Session
from data.domain.scope import Role
from data.services.audit import Audit
from data.services.identity import Identity

EVERY_SITE = "*"


class Listing(Protocol):
    """Where all accounts are."""

    def all(self) -> list[Account]:
        """Every account, by login."""

    def by_id(self, account: str) -> Account | None:
        """Find by id."""

    def by_login(self, login: str) -> Account | None:
        """Find by login."""


class By(NamedTuple):
    """Who changes something, and from where."""

    actor: str
    address: str = ""


class Offered(NamedTuple):
    """A link that was made for someone; `path` is its address on this server, shown once."""

    account: Account
    path: str


class AccountsDesk:
    """Makes and changes accounts."""

    def __init__(self, identity: Identity, listing: Listing, audit: Audit) -> None:
        self._identity = identity
        self._listing = listing
        self._audit = audit

    def all(self) -> list[Account]:
        """Return every account, by login.

        Raises: Unavailable.
        """
        return self._listing.all()

    def find(self, name: str) -> Account | None:
        """Return an account by its id, or by its login.

        Raises: Unavailable.
        """
        return self._listing.by_id(name) or self._listing.by_login(name.strip().casefold())

    def sessions(self, account: Account) -> list[Session]:
        """Return where someone is signed in, the browser used last first."""
        return self._identity.sessions(account)

    def add(
        self, by: By, login: str, name: str, role: Role, sites: Sequence[str],
        party: str | None = None,
    ) -> Offered:  # fmt: skip
        """Make an account and return the link with which its owner chooses a password.

        Raises: PersonError, also for a login that is taken; Unavailable.
        """
        if not sites:
            raise PersonError("sites", f"at least one, or {EVERY_SITE} for all")
        account = self._identity.create(login, name, role, sites, party)
        if account is None:
            raise PersonError("login", "one that nobody has yet")
        made: Detail = {"changed": "made", "role": role, "sites": list(sites), "login": login}
        self._note(by, account, made)  # without a link nobody can sign in yet
        return self._offer(by, account, Purpose.INVITATION)

    def disable(self, by: By, account: Account) -> None:
        """Let nobody in with an account any more; what its owner has open ends.

        Raises: PersonError for one's own account, Unavailable.
        """
        if by.actor == f"account/{account.id}":
            raise PersonError("account", "another one than one's own")
        self._note(by, account, {"changed": "disabled"})
        self._identity.disable(account.id)

    def enable(self, by: By, account: Account) -> None:
        """Let someone in again.

        Raises: Unavailable.
        """
        self._note(by, account, {"changed": "enabled"})
        self._identity.enable(account.id)

    def reset(self, by: By, account: Account) -> Offered:
        """Return a link with which someone chooses a new password.

        Until it is used the old one works. Raises: Unavailable.
        """
        invited = Purpose.INVITATION if account.password is None else Purpose.RESET
        self._note(by, account, {"changed": f"{invited} made"})
        return self._offer(by, account, invited)

    def drop_codes(self, by: By, account: Account) -> None:
        """Ask for no codes any more: the device is lost.

        Raises: Unavailable.
        """
        self._note(by, account, {"changed": "authenticator dropped"})
        self._identity.drop_totp(account.id)

    def _offer(self, by: By, account: Account, purpose: Purpose) -> Offered:
        token = self._identity.invite(account.id, by.actor, purpose)
        return Offered(account, f"/{purpose}/{token}")

    def _note(self, by: By, account: Account, detail: Detail) -> None:
        self._audit.note(
            by.actor, Action.ACCOUNT_CHANGED, f"account/{account.id}", party=account.party,
            address=by.address, detail=detail,
        )  # fmt: skip
