"""Browsers on walls: the code that a screen shows until someone lets it in. Pure records.

Imported by `data.services.screens`, by the store that keeps them, and by pages.
"""

from datetime import datetime, timedelta

from msgspec import Struct

# No two of these are taken for each other across a hall, or read aloud: no 0 O, 1 I L, 2 Z, 5 S.
ALPHABET = "346789ABCDEFGHJKMNPQRTUVWXY"
CODE_LENGTH = 8
CODE_LASTS = timedelta(minutes=10)
ONLINE_WITHIN = timedelta(seconds=30)


class ScreenDevice(Struct, frozen=True, kw_only=True):
    """One browser. `screen` is the one it asks for until it is let in, then the only one it shows.

    `site`: None until it is let in. `version`: of the page that it was given last.
    """

    id: str
    token_hash: bytes
    asked_at: datetime
    seen_at: datetime
    site: str | None = None
    screen: str | None = None
    code_hash: bytes | None = None
    enrolled_by: str | None = None
    enrolled_at: datetime | None = None
    version: str | None = None
    revoked_at: datetime | None = None

    @property
    def shows(self) -> bool:
        """Whether it was let in, and still is."""
        return self.enrolled_at is not None and self.revoked_at is None

    @property
    def waits(self) -> bool:
        """Whether it still asks to be let in."""
        return self.enrolled_at is None and self.revoked_at is None

    def is_online(self, now: datetime) -> bool:
        """Whether a stream of it is open, which is noted at least each 30 seconds."""
        return self.shows and now - self.seen_at <= ONLINE_WITHIN

    def is_outdated(self, build: str) -> bool:
        """Whether it shows a page of another version than the one that is served."""
        return self.shows and self.version is not None and self.version != build


def code_from(digest: bytes) -> str:
    """Return the code that random bits stand for.

    Shape: at least 16 bytes in; `CODE_LENGTH` signs of `ALPHABET` out.
    """
    number, signs = int.from_bytes(digest, "big"), []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[place])
    return "".join(signs)


def as_typed(code: str) -> str:
    """Return a code as it was meant: in capitals, without what only parts it."""
    return "".join(sign for sign in code.upper() if sign.isalnum())[: 2 * CODE_LENGTH]


def in_groups(code: str) -> str:
    """Return a code as it is shown: in two halves."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
