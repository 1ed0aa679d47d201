"""The command that goes on with another secret of the program. Imported by `app`.

What is sealed with keys of the old one is sealed anew; the audit trail, which nobody can chain
anew without being able to forge it, is closed with the old key where it stands. May be repeated
when it was cut short: what is sealed with the new key already is left as it is.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from data.domain.audit import Head
from data.domain.people import Account
from data.secret import derived
from data.services.errors import MilepostError
from data.services.sealing import Box, SealError, is_sealed
from data.settings import LEAST_SECRET, Settings
from data.wiring import Engines, People, secret_of

PURPOSE = "authenticators"


class RotationError(MilepostError):
    """The secret can't be changed, in words for whoever asked."""


def rotate_secret(settings: Settings, file: Path) -> int:
    """Seal anew with the secret of a file; print where the trail goes over to it."""
    old, new = secret_of(settings), _read(file)
    if old == new:
        raise RotationError(f"{file} holds the secret that is in use")
    with closing(Engines(settings)) as engines:
        end = _go_over(People(engines.sql, old), old, new)
    print(f"The trail of the old secret ends at {end.number}:{end.code.hex()}")
    print(f"Start every part with the secret of {file}, and keep the old one with that line.")
    return 0


def _go_over(people: People, old: bytes, new: bytes) -> Head:
    """Seal anew what the old key sealed; return where the trail ends."""
    end, fault = people.audit.verify()
    if fault is not None:
        raise RotationError(f"the audit trail is broken already: record {fault.number}")
    boxes = (Box(derived(old, PURPOSE)), Box(derived(new, PURPOSE)))
    for account, secret in _opened(people, *boxes):
        people.store.change(account.id, totp_secret=boxes[1].sealed(secret, account.id))
    return end


def _opened(people: People, old: Box, new: Box) -> Iterator[tuple[Account, str]]:
    """Yield whose authenticator's secret isn't sealed with the new key yet, and that secret."""
    for account in people.store.all():
        kept = account.totp_secret
        if kept is None or (is_sealed(kept) and _opens(new, kept, account.id)):
            continue
        try:
            yield account, old.opened(kept, account.id)
        except SealError as error:
            raise RotationError(f"the authenticator of {account.login}: {error}") from error


def _opens(box: Box, kept: str, whose: str) -> bool:
    try:
        box.opened(kept, whose)
    except SealError:
        return False
    return True


def _read(file: Path) -> bytes:
    """Return the secret of a file, which is made when there is none."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48) + "\n")
    secret = file.read_bytes().strip()
    if len(secret) < LEAST_SECRET:
        raise RotationError(f"{file}: expected at least {LEAST_SECRET} characters")
    return secret
