"""Signs people in for tests: an account and its session straight in SQL, as nobody's form does.

`signed_in(url, role, party)` returns the token; `cookie(token)` and `header(token)` are what a
browser and a plain client send with it.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from data.domain.people import Account, Session
from data.domain.scope import Role
from data.services.identity import hashed
from data.store.history import connect
from data.store.people import PeopleStore

EVERY_SITE = ("*",)


def account_of(
    url: str, role: Role, party: str | None = None, sites: tuple[str, ...] = EVERY_SITE,
    login: str = "",
) -> Account:  # fmt: skip
    """Store an account of a role; its owner has no password."""
    name = secrets.token_hex(8)
    account = Account(
        id=name, login=login or f"{role}-{name}", name=f"A {role}", role=role, sites=sites,
        party=party, created_at=datetime.now(UTC),
    )  # fmt: skip
    sql = connect(url)
    assert PeopleStore(sql).add(account)
    sql.dispose()
    return account


def session_of(url: str, account: Account) -> str:
    """Open a session for an account; return its token."""
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    sql = connect(url)
    PeopleStore(sql).open_session(
        Session(token_hash=hashed(token), account=account.id, created_at=now, seen_at=now)
    )
    sql.dispose()
    return token


def signed_in(
    url: str, role: Role = Role.MANAGER, party: str | None = None,
    sites: tuple[str, ...] = EVERY_SITE,
) -> str:  # fmt: skip
    """Make an account of a role with a session; return the session's token."""
    return session_of(url, account_of(url, role, party, sites))


def cookie(address: str, token: str) -> dict[str, Any]:
    """Return the cookie that a browser gets: `context.add_cookies([cookie(address, token)])`."""
    return {"name": "milepost", "value": token, "url": address, "httpOnly": True}


def header(token: str) -> dict[str, str]:
    """Return the header that carries the token."""
    return {"Cookie": f"milepost={token}"}
