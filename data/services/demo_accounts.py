"""The people of the demo factory: one of every role, so that each page can be looked at.

Their passwords are made at the first start and kept in a file that only the program's account
can read. Imported by the wiring, and only where the demo factory runs.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from data.domain.scope import Role
from data.services.accounts_desk import Listing
from data.services.identity import Identity

FILE = "demo-accounts"


class Person(NamedTuple):
    """Someone of the demo factory."""

    login: str
    name: str
    role: Role
    party: str | None = None


PERSONS = (
    Person("admin", "Administrator", Role.ADMINISTRATOR),
    Person("manager", "Plant manager", Role.MANAGER),
    Person("planner", "Planner", Role.PLANNER),
    Person("purchaser", "Purchaser", Role.PURCHASER),
    Person("operator", "Operator", Role.OPERATOR),
    Person("auditor", "Auditor", Role.AUDITOR),
    Person("jade", "Jade Mountain Circuits", Role.SUPPLIER, "jade"),
    Person("penghu", "Penghu Semiconductor Supply", Role.SUPPLIER, "penghu"),
    Person("aurelia", "Aurelia Telecom", Role.CUSTOMER, "aurelia"),
    Person("harbour", "Harbour and Sky Freight", Role.LOGISTICS, "harbour"),
)


def demo_accounts(
    identity: Identity, listing: Listing, folder: Path, site: str
) -> list[tuple[Person, str]]:
    """Return everybody with their password, made where they aren't there yet.

    Raises: Unavailable, OSError.
    """
    file = folder / FILE
    known = _read(file)
    found = [(one, _password(identity, listing, one, site, known)) for one in PERSONS]
    kept = "".join(f"{one.login} {password}\n" for one, password in found)
    if not file.exists() or file.read_text() != kept:
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(kept)
    return found


def _password(
    identity: Identity, listing: Listing, one: Person, site: str, known: Mapping[str, str]
) -> str:
    account = listing.by_login(one.login)
    kept = known.get(one.login)
    if account is not None and kept is not None:
        return kept  # it may have been changed since, by whoever knew it
    if account is None:
        account = identity.create(one.login, one.name, one.role, (site,), one.party)
    made = secrets.token_urlsafe(12)
    if account is not None:
        identity.change_password(account, made)
    return made


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    pairs = (line.partition(" ") for line in file.read_text().splitlines())
    return {login: password for login, _, password in pairs if password}
