"""People in SQL: accounts, sessions, links, attempts to sign in.

Imported by the wiring, which hands it to `data.services.identity`. Tokens are kept as hashes.
"""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping, Select, and_, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from data.domain.people import Account, Link, Purpose, Session
from data.domain.scope import Role, Scope
from data.store.people_tables import account, link, session, sign_in_attempt
from data.store.scoped import process, reading

_SESSION = ("token_hash", "account", "created_at", "seen_at", "revoked_at")


class PeopleStore:
    """The tables of people."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, person: Account) -> bool:
        """Store an account; False when its login is taken."""
        values = _values(person) | {"sites": list(person.sites)}
        statement = upsert(account).values(values).on_conflict_do_nothing()
        with process(self._engine, writes=True) as connection:
            return connection.execute(statement.returning(account.c.id)).first() is not None

    def all(self) -> list[Account]:
        """Return every account, by login."""
        with process(self._engine) as connection:
            rows = connection.execute(select(account).order_by(account.c.login)).mappings()
            return [_account(row) for row in rows]

    def by_login(self, login: str) -> Account | None:
        """Find by login."""
        return self._one(account.c.login == login)

    def by_subject(self, subject: str) -> Account | None:
        """Find by issuer and subject."""
        return self._one(account.c.subject == subject)

    def by_id(self, account_id: str) -> Account | None:
        """Find by id."""
        return self._one(account.c.id == account_id)

    def change(self, account_id: str, **fields: object) -> bool:
        """Change some fields; False when there is no such account."""
        return self._write(update(account).where(account.c.id == account_id).values(fields)) == 1

    def take_step(self, account_id: str, step: int) -> bool:
        """Note the time step of a code; False when it, or a later one, was taken."""
        fresh = and_(account.c.id == account_id, account.c.totp_used < step)
        return self._write(update(account).where(fresh).values(totp_used=step)) == 1

    def begin(
        self, login: str, address: str, at: datetime, since: datetime, most: tuple[int, int]
    ) -> bool:
        """Note an attempt as failed before it is looked at; False when too many have failed.

        Those of one login, and those from one address, wait for each other to be counted.
        `most`: how many of the login and of the address may have failed.
        """
        noted = insert(sign_in_attempt).values(login=login, address=address, at=at, ok=False)
        with process(self._engine, writes=True) as connection:
            for key in sorted({_lock("login", login), _lock("address", address)}):
                connection.execute(select(func.pg_advisory_xact_lock(key)))
            counted = connection.execute(_failures(login, address, since)).one()
            if any(found >= limit for found, limit in zip(counted, most, strict=True)):
                return False
            connection.execute(noted)
        return True

    def failed(self, login: str, address: str, since: datetime) -> tuple[int, int]:
        """Count failures of a login and of an address that were followed by no success."""
        with process(self._engine) as connection:
            by_login, by_address = connection.execute(_failures(login, address, since)).one()
        return by_login, by_address

    def note(self, login: str, address: str, at: datetime, ok: bool) -> None:
        """Note an attempt."""
        self._write(insert(sign_in_attempt).values(login=login, address=address, at=at, ok=ok))

    def open_session(self, opened: Session) -> None:
        """Store a session."""
        self._write(insert(session).values(_values(opened)))

    def session(self, token_hash: bytes) -> tuple[Session, Account] | None:
        """Find a session that isn't revoked, and whose it is."""
        columns = [session.c[name].label(f"session_{name}") for name in _SESSION]
        query = (
            select(*columns, account)
            .join_from(session, account, session.c.account == account.c.id)
            .where(session.c.token_hash == token_hash, session.c.revoked_at.is_(None))
        )
        with process(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return Session(**{name: row[f"session_{name}"] for name in _SESSION}), _account(row)

    def sessions(self, account_id: str, since: datetime) -> list[Session]:
        """Return the sessions of an account that were in use since an instant, newest first."""
        query = (
            select(session)
            .where(
                session.c.account == account_id,
                session.c.revoked_at.is_(None),
                session.c.seen_at >= since,
            )
            .order_by(session.c.seen_at.desc())
        )
        with process(self._engine) as connection:
            return [Session(**row) for row in connection.execute(query).mappings()]

    def touch(self, token_hash: bytes, at: datetime) -> None:
        """Note that a session is in use."""
        self._write(update(session).where(session.c.token_hash == token_hash).values(seen_at=at))

    def revoke(self, token_hash: bytes, at: datetime) -> None:
        """End one session."""
        one = session.c.token_hash == token_hash
        self._write(update(session).where(one).values(revoked_at=at))

    def revoke_all(self, account_id: str, at: datetime) -> None:
        """End all sessions of an account."""
        own = and_(session.c.account == account_id, session.c.revoked_at.is_(None))
        self._write(update(session).where(own).values(revoked_at=at))

    def add_link(self, made: Link) -> None:
        """Store a link."""
        self._write(insert(link).values(_values(made)))

    def link(self, token_hash: bytes) -> Link | None:
        """Find a link."""
        query = select(link).where(link.c.token_hash == token_hash)
        with process(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _link(row)

    def links(self, scope: Scope, purpose: Purpose) -> list[Link]:
        """Return the links of a purpose within a scope, newest first."""
        query = select(link).where(link.c.purpose == purpose).order_by(link.c.created_at.desc())
        with reading(self._engine, scope) as connection:
            return [_link(row) for row in connection.execute(query).mappings()]

    def use_link(self, token_hash: bytes, at: datetime) -> bool:
        """Use a link once, and never again; False when someone else just did."""
        unused = and_(link.c.token_hash == token_hash, link.c.used_at.is_(None))
        used = update(link).where(unused).values(used_at=at, uses=link.c.uses + 1)
        return self._write(used) == 1

    def count_use(self, token_hash: bytes, at: datetime) -> None:
        """Count one more use of a link that may be used again."""
        one = update(link).where(link.c.token_hash == token_hash)
        self._write(one.values(used_at=at, uses=link.c.uses + 1))

    def revoke_link(self, token_hash: bytes, at: datetime) -> bool:
        """End a link; False when there is none that still works."""
        working = and_(link.c.token_hash == token_hash, link.c.revoked_at.is_(None))
        return self._write(update(link).where(working).values(revoked_at=at)) == 1

    def _one(self, condition: Any) -> Account | None:
        with process(self._engine) as connection:
            row = connection.execute(select(account).where(condition)).mappings().first()
        return None if row is None else _account(row)

    def _write(self, statement: Any) -> int:
        with process(self._engine, writes=True) as connection:
            return connection.execute(statement).rowcount


def _failures(login: str, address: str, since: datetime) -> Select[int, int]:
    """Return the query of failures: of a login, and of an address.

    Those before the login was signed in to don't count, of an address if it was from there.
    """
    tried, right = sign_in_attempt.c, sign_in_attempt.alias().c
    count = select(func.count()).where(~tried.ok, tried.at >= since)
    later = right.ok & (right.login == tried.login) & (right.number > tried.number)
    here = later & (right.address == tried.address)
    of_login = count.where(tried.login == login, ~select(right.number).where(later).exists())
    of_address = count.where(tried.address == address, ~select(right.number).where(here).exists())
    return select(of_login.scalar_subquery(), of_address.scalar_subquery())


def _lock(sort: str, name: str) -> int:
    """Return the number of the lock under which attempts of one sort are counted."""
    digest = hashlib.blake2b(f"sign-in {sort} {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _values(record: Account | Session | Link) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def _account(row: RowMapping) -> Account:
    fields = {name: row[name] for name in Account.__struct_fields__}
    return Account(**fields | {"role": Role(row["role"]), "sites": tuple(row["sites"])})


def _link(row: RowMapping) -> Link:
    role = None if row["role"] is None else Role(row["role"])
    return Link(**dict(row) | {"purpose": Purpose(row["purpose"]), "role": role})
