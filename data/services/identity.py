"""Who someone is: accounts, signing in and out, sessions, invitations and resets.

A session is a random token in a cookie; SQL knows its hash alone, so a copy of the database
opens nothing. Wrong passwords are counted by login and by address over all processes, each before
it is looked at, so that many at once are no way around it; an unknown login takes as long as a
known one.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec.structs import replace

from data.domain.people import (
    Account,
    Link,
    Purpose,
    Session,
    check_password,
    check_person,
)
from data.domain.scope import Role
from data.services.sealing import Box, SealError, is_sealed
from data.services.totp import accepted_step

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
TOUCH_EVERY = timedelta(minutes=1)
INVITED_FOR = timedelta(days=7)
RESET_WITHIN = timedelta(hours=2)
WATCHED_FOR = timedelta(minutes=15)
MOST_FAILED_LOGIN, MOST_FAILED_ADDRESS = 10, 50

_log = structlog.get_logger("identity")


class Refused(StrEnum):
    """Why nobody was signed in. `CODE` and `SECRET` say that login and password were right."""

    WRONG = "wrong"
    LOCKED = "locked"
    CODE = "code"
    SECRET = "secret"  # nosec B105  # the authenticator's is sealed with another secret of the program


class People(Protocol):
    """What identity asks of SQL."""

    def add(self, account: Account) -> bool:
        """Store an account; False when its login is taken."""

    def by_login(self, login: str) -> Account | None:
        """Find by login."""

    def by_subject(self, subject: str) -> Account | None:
        """Find by issuer and subject."""

    def by_id(self, account: str) -> Account | None:
        """Find by id."""

    def change(self, account_id: str, **fields: object) -> bool:
        """Change some fields; False when there is no such account."""

    def take_step(self, account: str, step: int) -> bool:
        """Note the time step of a code; False when it, or a later one, was taken."""

    def begin(
        self, login: str, address: str, at: datetime, since: datetime, most: tuple[int, int]
    ) -> bool:
        """Note an attempt as failed before it is looked at; False when too many have failed."""

    def note(self, login: str, address: str, at: datetime, ok: bool) -> None:
        """Note how an attempt ended; once it was right, those before it count no more."""

    def open_session(self, session: Session) -> None:
        """Store a session."""

    def session(self, token_hash: bytes) -> tuple[Session, Account] | None:
        """Find a session that isn't revoked, and whose it is."""

    def sessions(self, account_id: str, since: datetime) -> list[Session]:
        """Find the sessions of an account that were in use since an instant, newest first."""

    def touch(self, token_hash: bytes, at: datetime) -> None:
        """Note that a session is in use."""

    def revoke(self, token_hash: bytes, at: datetime) -> None:
        """End one session."""

    def revoke_all(self, account: str, at: datetime) -> None:
        """End all sessions of an account."""

    def add_link(self, link: Link) -> None:
        """Store a link."""

    def link(self, token_hash: bytes) -> Link | None:
        """Find a link."""

    def use_link(self, token_hash: bytes, at: datetime) -> bool:
        """Use a link once, and never again; False when someone else just did."""


class SignedIn(NamedTuple):
    """A new session: the token for the cookie, and whose it is."""

    token: str
    account: Account


class Identity:
    """Makes accounts, lets people in and out."""

    def __init__(
        self, people: People, now: Callable[[], datetime], box: Box,
        hasher: PasswordHasher | None = None,
    ) -> None:  # fmt: skip
        """`box`: seals the secrets of authenticators."""
        self._people = people
        self._now = now
        self._box = box
        self._hasher = hasher or PasswordHasher()
        self._decoy = self._hasher.hash(secrets.token_hex(16))

    def create(
        self, login: str, name: str, role: Role, sites: Sequence[str], party: str | None = None
    ) -> Account | None:
        """Make an account that nobody can sign in to yet; None when the login is taken.

        Raises: PersonError, Unavailable.
        """
        account = Account(
            id=secrets.token_hex(8),
            login=check_person(login, name, role, party),
            name=name.strip(),
            role=role,
            sites=tuple(sites),
            party=party,
            created_at=self._now(),
        )
        return account if self._people.add(account) else None

    def invite(self, account: str, by: str, purpose: Purpose = Purpose.INVITATION) -> str:
        """Return the token of a link with which the person sets a password, once."""
        token, now = secrets.token_urlsafe(32), self._now()
        lasts = INVITED_FOR if purpose is Purpose.INVITATION else RESET_WITHIN
        self._people.add_link(
            Link(
                token_hash=hashed(token), purpose=purpose, account=account, site=None, party=None,
                role=None, created_by=by, created_at=now, ends_at=now + lasts,
            )
        )  # fmt: skip
        return token

    def offered(self, token: str, purpose: Purpose) -> Account | None:
        """Return to whom a link offers something; None when it is no good any more."""
        link = self._people.link(hashed(token))
        if link is None or link.account is None or not link.opens(purpose, self._now()):
            return None
        return self._known(link.account)

    def set_password(self, token: str, purpose: Purpose, password: str) -> Account | None:
        """Take a link's offer: set the password, end every session. None: the link is no good.

        Raises: PersonError for a password that won't do; then the link still works.
        """
        account = self.offered(token, purpose)
        if account is None:
            return None
        check_password(password, account.login)
        if not self._people.use_link(hashed(token), self._now()):
            return None
        self.change_password(account, password)
        return account

    def change_password(self, account: Account, password: str) -> None:
        """Set a password and end every session.

        Raises: PersonError.
        """
        check_password(password, account.login)
        self._people.change(account.id, password=self._hasher.hash(password))
        self._people.revoke_all(account.id, self._now())

    def is_right(self, account: Account, password: str) -> bool:
        """Whether this is the account's password."""
        return self._matches(account, password)

    def sign_in(
        self, login: str, password: str, code: str | None, address: str
    ) -> SignedIn | Refused:
        """Open a session, or say why not.

        Raises: Unavailable.
        """
        login, now = login.strip().casefold()[:200], self._now()
        most = (MOST_FAILED_LOGIN, MOST_FAILED_ADDRESS)
        if not self._people.begin(login, address, now, now - WATCHED_FOR, most):
            return Refused.LOCKED
        account = self._people.by_login(login)
        right = self._matches(account, password)
        if account is None or not right or account.disabled_at is not None:
            return Refused.WRONG
        try:
            if account.totp_secret is not None and not self._takes(account, code, now):
                return Refused.CODE
        except SealError as error:
            _log.error("authenticator not checked", account=account.id, reason=str(error))
            return Refused.SECRET
        self._people.note(login, address, now, ok=True)
        return self.open_session(account)

    def by_provider(self, subject: str, email: str | None) -> Account | None:
        """Return the account of someone whom a provider has proven; None when there is none.

        `email`: verified by the provider. It finds an account that no subject has taken yet.
        """
        account = self._people.by_subject(subject)
        if account is None and email:
            account = self._people.by_login(email.strip().casefold())
            if account is None or account.subject is not None:
                return None
            self._people.change(account.id, subject=subject)
        return None if account is None or account.disabled_at is not None else account

    def open_session(self, account: Account) -> SignedIn:
        """Open a session for someone who has shown who they are."""
        token, now = secrets.token_urlsafe(32), self._now()
        self._people.open_session(
            Session(token_hash=hashed(token), account=account.id, created_at=now, seen_at=now)
        )
        self._people.change(account.id, seen_at=now)
        return SignedIn(token, account)

    def whose(self, token: str | None) -> Account | None:
        """Return who a session's token belongs to; None when it is over.

        Raises: Unavailable.
        """
        if not token or len(token) > 100:
            return None
        found = self._people.session(hashed(token))
        if found is None:
            return None
        (session, account), now = found, self._now()
        over = now - session.seen_at > IDLE or now - session.created_at > ABSOLUTE
        if over or account.disabled_at is not None:
            return None
        if now - session.seen_at > TOUCH_EVERY:
            self._people.touch(session.token_hash, now)
        return account

    def sessions(self, account: Account) -> list[Session]:
        """Return the sessions that someone has open, the one used last first."""
        now = self._now()
        return [
            one
            for one in self._people.sessions(account.id, now - IDLE)
            if now - one.created_at <= ABSOLUTE
        ]

    def sign_out(self, token: str) -> None:
        """End a session at once, in every process."""
        self._people.revoke(hashed(token), self._now())

    def disable(self, account: str) -> bool:
        """Let nobody in with an account any more, and end its sessions."""
        now = self._now()
        changed = self._people.change(account, disabled_at=now)
        self._people.revoke_all(account, now)
        return changed

    def enable(self, account: str) -> bool:
        """Let the person in again."""
        return self._people.change(account, disabled_at=None)

    def enrol_totp(self, account: Account, secret: str, code: str) -> bool:
        """Ask for a code from now on, if the first one given is right."""
        if accepted_step(secret, code, self._now(), 0) is None:
            return False
        kept = self._box.sealed(secret, account.id)
        self._people.change(account.id, totp_secret=kept, totp_used=0)
        return self._takes(replace(account, totp_secret=kept, totp_used=0), code, self._now())

    def drop_totp(self, account: str) -> None:
        """Ask for no code any more: the person's device is lost."""
        self._people.change(account, totp_secret=None, totp_used=0)

    def _known(self, account: str) -> Account | None:
        found = self._people.by_id(account)
        return None if found is None or found.disabled_at is not None else found

    def _takes(self, account: Account, code: str | None, now: datetime) -> bool:
        """Whether a code is right and none was taken for its time.

        A secret from before there were seals is sealed now. Raises: SealError.
        """
        kept = account.totp_secret or ""
        secret = self._box.opened(kept, account.id)
        step = accepted_step(secret, code or "", now, account.totp_used)
        if step is None or not self._people.take_step(account.id, step):
            return False
        if not is_sealed(kept):
            self._people.change(account.id, totp_secret=self._box.sealed(secret, account.id))
        return True

    def _matches(self, account: Account | None, password: str) -> bool:
        """Compare with the account's password, or with one that nobody has, as slowly."""
        kept = None if account is None else account.password
        try:
            self._hasher.verify(kept or self._decoy, password[:2000])
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


def hashed(token: str) -> bytes:
    """Return what is kept of a token; with 256 random bits no salt is needed."""
    return hashlib.sha256(token.encode()).digest()
