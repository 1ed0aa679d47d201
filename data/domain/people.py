"""Who signs in: accounts, their sessions, the links that let someone in. Pure records.

Imported by `data.services.identity`, by the store that keeps them, and by pages.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from data.domain.scope import Role

# Roles that people have; the others belong to the program and to its sources.
PEOPLE = (
    Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.PURCHASER, Role.OPERATOR,
    Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS, Role.AUDITOR,
)  # fmt: skip
OUTSIDE = frozenset({Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS})


class Account(Struct, frozen=True, kw_only=True):
    """One person. `party`: whom an outside role speaks for; nobody else has one.

    `password`: its argon2 hash, None until the invitation is taken. `subject`: issuer and
    subject at an OpenID provider, when that is how the person signs in.
    """

    id: str
    login: str
    name: str
    role: Role
    sites: tuple[str, ...]
    party: str | None = None
    password: str | None = None
    subject: str | None = None
    totp_secret: str | None = None
    totp_used: int = 0  # the last time step a code was taken for: none counts twice
    created_at: datetime
    seen_at: datetime | None = None
    disabled_at: datetime | None = None


class Session(Struct, frozen=True, kw_only=True):
    """One browser that is signed in; only the hash of its token is known."""

    token_hash: bytes
    account: str
    created_at: datetime
    seen_at: datetime
    revoked_at: datetime | None = None


class Purpose(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    RESET = "reset"
    BOARD = "board"


class Link(Struct, frozen=True, kw_only=True):
    """A link that was sent to someone. One for a board may be used until it ends, others once."""

    token_hash: bytes
    purpose: Purpose
    account: str | None
    site: str | None
    party: str | None
    role: Role | None
    created_by: str
    created_at: datetime
    ends_at: datetime
    used_at: datetime | None = None
    uses: int = 0
    revoked_at: datetime | None = None

    def opens(self, purpose: Purpose, now: datetime) -> bool:
        """Whether it may be used for this, now."""
        spent = self.used_at is not None and self.purpose is not Purpose.BOARD
        return (
            self.purpose is purpose and not spent and self.revoked_at is None and now < self.ends_at
        )


class PersonError(ValueError):
    """What was said of a person can't be; `field` names what, the text what was expected."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


MOST_LOGIN, MOST_NAME = 120, 120
LEAST_PASSWORD, MOST_PASSWORD = 12, 1024


def check_person(login: str, name: str, role: Role, party: str | None) -> str:
    """Return the login in the form in which it is compared.

    Raises: PersonError.
    """
    login = login.strip().casefold()
    if not 3 <= len(login) <= MOST_LOGIN or any(c.isspace() or not c.isprintable() for c in login):
        raise PersonError("login", f"3 to {MOST_LOGIN} characters without spaces")
    if not 1 <= len(name.strip()) <= MOST_NAME or not name.isprintable():
        raise PersonError("name", f"1 to {MOST_NAME} characters")
    if role not in PEOPLE:
        raise PersonError("role", f"one of {', '.join(PEOPLE)}")
    if (role in OUTSIDE) != bool(party):
        raise PersonError("party", f"a party for {', '.join(sorted(OUTSIDE))}, none for others")
    return login


def check_password(password: str, login: str) -> None:
    """Refuse a password that is short or says the login; more rules make none better.

    Raises: PersonError. Source: NIST SP 800-63B, 5.1.1.2.
    """
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise PersonError("password", f"{LEAST_PASSWORD} to {MOST_PASSWORD} characters")
    if len(set(password)) < 5 or login.partition("@")[0] in password.casefold():
        raise PersonError("password", "neither the login nor the same few characters again")
