"""People and the audit trail in memory, and an entrance made of them, for tests without SQL."""

from datetime import UTC, datetime

from argon2 import PasswordHasher
from msgspec.structs import replace

from callbacks.entry import Entry
from data.domain.audit import chained
from data.domain.people import Account
from data.domain.scope import Role
from data.services.accounts_desk import AccountsDesk
from data.services.audit import Audit
from data.services.identity import Identity, hashed
from data.services.sealing import Box

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "four plain words again"


class FakePeople:
    """Accounts, sessions and links in memory, as the store keeps them in SQL."""

    def __init__(self):
        self.accounts, self.opened, self.made, self.attempts = {}, {}, {}, []

    def add(self, account):
        if any(known.login == account.login for known in self.accounts.values()):
            return False
        self.accounts[account.id] = account
        return True

    def by_login(self, login):
        return next((a for a in self.accounts.values() if a.login == login), None)

    def by_subject(self, subject):
        return next((a for a in self.accounts.values() if a.subject == subject), None)

    def by_id(self, account):
        return self.accounts.get(account)

    def change(self, account, **fields):
        if account not in self.accounts:
            return False
        self.accounts[account] = replace(self.accounts[account], **fields)
        return True

    def take_step(self, account, step):
        if self.accounts[account].totp_used >= step:
            return False
        return self.change(account, totp_used=step)

    def failed(self, login, address, since):
        of_login, of_address = [], []
        for who, where, at, ok in self.attempts:
            if ok:
                of_login = [one for one in of_login if one != who]
                of_address = [one for one in of_address if one != (who, where)]
            elif at >= since:
                of_login += [who] * (who == login)
                of_address += [(who, where)] * (where == address)
        return len(of_login), len(of_address)

    def note(self, login, address, at, ok):
        self.attempts.append((login, address, at, ok))

    def begin(self, login, address, at, since, most):
        if any(a >= b for a, b in zip(self.failed(login, address, since), most, strict=True)):
            return False
        self.note(login, address, at, ok=False)
        return True

    def open_session(self, session):
        self.opened[session.token_hash] = session

    def session(self, token_hash):
        found = self.opened.get(token_hash)
        if found is None or found.revoked_at is not None:
            return None
        return found, self.accounts[found.account]

    def touch(self, token_hash, at):
        self.opened[token_hash] = replace(self.opened[token_hash], seen_at=at)

    def revoke(self, token_hash, at):
        if token_hash in self.opened:
            self.opened[token_hash] = replace(self.opened[token_hash], revoked_at=at)

    def revoke_all(self, account, at):
        for key, session in self.opened.items():
            if session.account == account:
                self.opened[key] = replace(session, revoked_at=at)

    def add_link(self, link):
        self.made[link.token_hash] = link

    def link(self, token_hash):
        return self.made.get(token_hash)

    def use_link(self, token_hash, at):
        if self.made[token_hash].used_at is not None:
            return False
        self.made[token_hash] = replace(self.made[token_hash], used_at=at)
        return True

    def links(self, scope, purpose):
        return [one for one in self.made.values() if one.purpose is purpose][::-1]

    def count_use(self, token_hash, at):
        one = self.made[token_hash]
        self.made[token_hash] = replace(one, used_at=at, uses=one.uses + 1)

    def revoke_link(self, token_hash, at):
        one = self.made[token_hash]
        self.made[token_hash] = replace(one, revoked_at=one.revoked_at or at)
        return one.revoked_at is None

    def sessions(self, account, since):
        found = [
            one for one in self.opened.values()
            if one.account == account and one.revoked_at is None and one.seen_at >= since
        ]  # fmt: skip
        return sorted(found, key=lambda one: one.seen_at, reverse=True)

    def all(self):
        return sorted(self.accounts.values(), key=lambda one: one.login)


class FakeScreens:
    """Browsers on walls in memory, as the store keeps them in SQL."""

    def __init__(self):
        self.rows = {}

    def one(self, token):
        return self.by_token(hashed(token))

    def add(self, device):
        self.rows[device.id] = device

    def by_token(self, token_hash):
        return next((d for d in self.rows.values() if d.token_hash == token_hash), None)

    def by_code(self, code_hash, since):
        found = [d for d in self.rows.values() if d.waits and d.code_hash == code_hash]
        return next((d for d in found if d.asked_at >= since), None)

    def by_id(self, device):
        found = self.rows.get(device)
        return found if found is not None and found.shows else None

    def renew(self, device, code_hash, at):
        self._change(device, code_hash=code_hash, asked_at=at, seen_at=at)

    def enrol(self, device, code_hash, site, screen, by, at):
        if not (self.rows[device].waits and self.rows[device].code_hash == code_hash):
            return False
        self._change(
            device, site=site, screen=screen, code_hash=None, enrolled_by=by, enrolled_at=at,
            seen_at=at,
        )  # fmt: skip
        return True

    def touch(self, device, at):
        self._change(device, seen_at=at)

    def note_version(self, device, version):
        self._change(device, version=version)

    def enrolled(self, sites):
        return [d for d in self.rows.values() if d.shows and d.site in sites]

    def revoke(self, device, at):
        shown = self.by_id(device) is not None
        if shown:
            self._change(device, revoked_at=at)
        return shown

    def forget(self, before):
        gone = [d.id for d in self.rows.values() if d.waits and d.asked_at < before]
        for device in gone:
            del self.rows[device]

    def _change(self, device, **fields):
        self.rows[device] = replace(self.rows[device], **fields)


class FakeTrail:
    """The audit trail in memory."""

    def __init__(self):
        self.records = []

    def append(self, deeds, key):
        last = self.records[-1] if self.records else None
        self.records += chained(deeds, last, key)
        return self.records[-1]

    def walk(self):
        return iter(self.records)

    def search(self, scope, wanted, limit, offset):
        return self.records[::-1][offset : offset + limit], len(self.records)


class Entrance:
    """An entry whose accounts and trail can be looked at; `sign_in` puts someone's cookie."""

    def __init__(self, now=lambda: datetime.now(UTC), **more):
        self.people, self.trail = FakePeople(), FakeTrail()
        self.audit = Audit(self.trail, b"secret", now)
        self.identity = Identity(self.people, now, Box(bytes(32)), CHEAP)
        self.entry = Entry(
            identity=self.identity, accounts=AccountsDesk(self.identity, self.people, self.audit),
            audit=self.audit, forms_key=b"forms", **more,
        )  # fmt: skip

    def account(self, role=Role.MANAGER, party=None, login="", sites=("*",)) -> Account:
        """Someone with a role, whose password is `PASSWORD`."""
        login = login or f"{role}@works.example"
        account = self.people.by_login(login)
        account = account or self.identity.create(login, str(role), role, sites, party)
        if account.password is None:
            self.people.change(account.id, password=CHEAP.hash(PASSWORD))
        return self.people.by_id(account.id)

    def sign_in(self, client, role=Role.MANAGER, party=None) -> str:
        """Sign someone in with a test client; return the token that goes with what it posts."""
        client.set_cookie("milepost", self.identity.open_session(self.account(role, party)).token)
        return csrf_of(client)

    def deeds(self):
        """What was written down."""
        return [record.deed for record in self.trail.records]


def csrf_of(client) -> str:
    """Return the token of a browser's forms, after it has seen a page."""
    client.get("/account")
    cookie = client.get_cookie("_csrf_token")
    return "" if cookie is None else cookie.value
