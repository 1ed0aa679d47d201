"""Commands about who may do what: keys, accounts, the audit trail. Imported by `app`."""

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from data.services.live import utc_now
from data.settings import Settings
from data.store.keys import KeyStore
from data.wiring import Engines, People, address, secret_of

CONSOLE = "command line"  # who did it, in the audit trail

if TYPE_CHECKING:
    from data.domain.audit import Head
    from data.services.accounts_desk import AccountsDesk
    from data.services.ports import StoredKey


def manage_keys(settings: Settings, options: argparse.Namespace) -> int:
    """Make, list or revoke API keys: of sources that report, or of programs that read."""
    from data.domain.scope import Role
    from data.services.keys import Keys, noting

    with closing(Engines(settings)) as engines:
        sql = engines.sql
        store, noted = KeyStore(sql), noting(People(sql, secret_of(settings)).audit, CONSOLE)
        keys, action = Keys(store, utc_now, noted), options.action
        if action == "add":
            site = options.what or options.site
            if options.role:
                print(keys.create_reader(site, Role(options.role), options.party))
            else:
                print(keys.create(site, options.source))
        elif action == "revoke":
            if not keys.revoke(options.what):
                print(f"no working key {options.what}", file=sys.stderr)
                return 1
        else:
            for key in store.all():
                print(_told(key))
        return 0


def _told(key: "StoredKey") -> str:
    """Return what there is to say of a key."""
    state = f"revoked {key.revoked_at:%F %T}" if key.revoked_at else "works"
    whose = key.source or f"{key.role} {key.party or ''}".strip()
    return f"{key.prefix}  {key.site}  {whose}  made {key.created_at:%F %T}  {state}"


def manage_accounts(settings: Settings, options: argparse.Namespace) -> int:
    """Make, list, disable, enable accounts; make links with which their owners choose passwords."""
    with closing(Engines(settings)) as engines:
        desk = People(engines.sql, secret_of(settings)).desk
        return _managed(desk, address(settings), options)


def _managed(desk: "AccountsDesk", here: str, options: argparse.Namespace) -> int:
    from data.domain.scope import Role
    from data.services.accounts_desk import By

    by, action = By(CONSOLE), options.action
    if action == "list":
        for one in desk.all():
            state = "disabled" if one.disabled_at else "may sign in" if one.password else "invited"
            where = ",".join(one.sites)
            print(f"{one.login}  {one.role}  {one.party or '-'}  {where}  {state}  {one.name}")
        return 0
    if action == "add":
        name, role = options.name or options.login, Role(options.role)
        offered = desk.add(by, options.login, name, role, options.site or ["*"], options.party)
        print(here + offered.path)
        return 0
    account = desk.find(options.login)
    if account is None:
        raise ValueError(f"no account {options.login}")
    if action == "reset":
        print(here + desk.reset(by, account).path)
    else:
        (desk.disable if action == "disable" else desk.enable)(by, account)
    return 0


def verify_audit(settings: Settings, options: argparse.Namespace) -> int:
    """Walk the audit trail; print its end, or the first bad record."""
    noted = (_head(text) for text in (options.head, options.after, options.until))
    with closing(Engines(settings)) as engines:
        end, fault = People(engines.sql, secret_of(settings)).audit.verify(*noted)
    if fault is not None:
        print(f"record {fault.number}: {fault.what}", file=sys.stderr)
        return 1
    print(f"{end.number}:{end.code.hex()}")
    return 0


def _head(text: str) -> "Head | None":
    """Return an end that was noted before, as `NUMBER:CODE`."""
    from data.domain.audit import Head

    number, _, code = text.partition(":")
    return Head(number=int(number), code=bytes.fromhex(code)) if text else None
