"""Screens on walls: how a browser is let in to show one, for years, and kept out again.

A browser that asks gets a random token, which proves nothing yet, and shows a code. Whoever looks
after screens types it; from then on the token stands for that one screen. SQL knows hashes alone.
The code follows from the token and the program's secret, so that it need not be kept to be shown
again; the number of wrong ones is limited over all processes.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from data.domain.audit import Action
from data.domain.screens import CODE_LASTS, CODE_LENGTH, ScreenDevice, as_typed, code_from
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Unavailable
from data.services.identity import WATCHED_FOR, hashed

KIND = "screen"
TOUCH_EVERY = timedelta(seconds=20)  # less than what counts as online
FORGOTTEN_AFTER = timedelta(days=1)
MOST_ASKED, MOST_WRONG, MOST_WRONG_ADDRESS = 60, 10, 30
Place = Callable[[str], str | None]  # a screen's site, when the one who types may choose it


class Store(Protocol):
    """What screens ask of SQL."""

    def add(self, device: ScreenDevice) -> None:
        """Store a browser that asks to be let in."""

    def by_token(self, token_hash: bytes) -> ScreenDevice | None:
        """Find by token, whatever became of it."""

    def by_code(self, code_hash: bytes, since: datetime) -> ScreenDevice | None:
        """Find a browser that waits with a code that it has had since an instant at most."""

    def by_id(self, device: str) -> ScreenDevice | None:
        """Find one that was let in."""

    def renew(self, device: str, code_hash: bytes, at: datetime) -> None:
        """Give a browser that waits another code."""

    def enrol(
        self, device: str, code_hash: bytes, site: str, screen: str, by: str, at: datetime
    ) -> bool:
        """Let a browser in, once; False when its code isn't that any more."""

    def touch(self, device: str, at: datetime) -> None:
        """Note that it is in use."""

    def note_version(self, device: str, version: str) -> None:
        """Note which version it was given."""

    def enrolled(self, sites: Collection[str]) -> list[ScreenDevice]:
        """Those that show screens of the sites."""

    def revoke(self, device: str, at: datetime) -> bool:
        """Keep one out from now on; False when none such was in."""

    def forget(self, before: datetime) -> None:
        """Drop those that asked long ago and were never let in."""


class Attempts(Protocol):
    """What counts attempts over all processes: the table of those to sign in."""

    def failed(self, login: str, address: str, since: datetime) -> tuple[int, int]:
        """Count failures by name and by address."""

    def note(self, login: str, address: str, at: datetime, ok: bool) -> None:
        """Note an attempt."""


class CodeError(ValueError):
    """No screen was let in: `why` is `code`, `screen` or `often`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Waiting(NamedTuple):
    """What a screen shows until it is let in; `screen`: the one it was opened for."""

    code: str
    ends_at: datetime
    screen: str | None


class Devices:
    """Lets browsers in to show one screen each."""

    def __init__(
        self, store: Store, attempts: Attempts, audit: Audit, key: bytes,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._store = store
        self._attempts = attempts
        self._audit = audit
        self._key = key
        self._now = now

    def ask(self, screen: str | None, address: str) -> str | None:
        """Return the token of a browser that asks from now on; None: too many do from there.

        Raises: Unavailable.
        """
        now, where = self._now(), f"screens of {address}"
        if self._attempts.failed(where, where, now - WATCHED_FOR)[1] >= MOST_ASKED:
            return None
        self._attempts.note(where, where, now, ok=False)
        self._store.forget(now - FORGOTTEN_AFTER)
        token = f"{KIND}.{secrets.token_urlsafe(32)}"
        code_hash = self._code_hash(self._code(hashed(token), now))
        self._store.add(
            ScreenDevice(
                id=secrets.token_hex(8), token_hash=hashed(token), screen=screen, asked_at=now,
                seen_at=now, code_hash=code_hash,
            )
        )  # fmt: skip
        return token

    def waiting(self, token: str | None) -> Waiting | None:
        """Return what a browser that waits has to show; None when it doesn't wait.

        A code that is over is renewed. Raises: Unavailable.
        """
        found, now = self._of(token), self._now()
        if found is None or not found.waits:
            return None
        since = found.asked_at
        if now - since >= CODE_LASTS:
            since = now
            code_hash = self._code_hash(self._code(found.token_hash, since))
            self._store.renew(found.id, code_hash, since)
        code = self._code(found.token_hash, since)
        return Waiting(code, since + CODE_LASTS, found.screen)

    def showing(self, token: str | None) -> ScreenDevice | None:
        """Return the device that a token stands for; None when it isn't let in, or was kept out.

        Raises: Unavailable.
        """
        found, now = self._of(token), self._now()
        if found is None or not found.shows:
            return None
        if now - found.seen_at >= TOUCH_EVERY:
            self._store.touch(found.id, now)
        return found

    def enrol(self, by: By, code: str, screen: str, place: Place) -> ScreenDevice:
        """Let the browser in that shows a code. `screen`: empty for the one it asked for.

        Raises: CodeError, Unavailable.
        """
        now = self._now()
        self._limit(by, now)
        code_hash = self._code_hash(as_typed(code))
        found = self._store.by_code(code_hash, now - CODE_LASTS)
        if found is None or len(as_typed(code)) != CODE_LENGTH:
            self._attempts.note(*_counted(by), now, ok=False)
            self._note(by, Action.REFUSED, "code", None, {"why": "code"})
            raise CodeError("code")
        shown = screen or found.screen or ""
        site = place(shown)
        if site is None:
            raise CodeError("screen")
        self._note(
            by, Action.SCREEN_CHANGED, found.id, site, {"changed": "enrolled", "screen": shown}
        )
        if not self._store.enrol(found.id, code_hash, site, shown, by.actor, now):
            raise CodeError("code")
        return found

    def enrolled(self, sites: Collection[str]) -> list[ScreenDevice]:
        """Return the devices that show screens of the sites.

        Raises: Unavailable.
        """
        return self._store.enrolled(sites)

    def revoke(self, by: By, device: str, sites: Collection[str]) -> bool:
        """Keep a device out from now on; False when none such shows a screen of the sites.

        Raises: Unavailable.
        """
        found = self._store.by_id(device)
        if found is None or found.site not in sites:
            return False
        self._note(
            by, Action.SCREEN_CHANGED, device, found.site,
            {"changed": "revoked", "screen": found.screen},
        )  # fmt: skip
        return self._store.revoke(device, self._now())

    def given(self, token: str | None, build: str) -> None:
        """Note that a device was given the page of a version; it gets it without SQL as well."""
        try:
            found = self._of(token)
            if found is not None and found.version != build:
                self._store.note_version(found.id, build)
        except Unavailable:
            return

    def _of(self, token: str | None) -> ScreenDevice | None:
        if not token or not token.startswith(f"{KIND}.") or len(token) > 100:
            return None
        return self._store.by_token(hashed(token))

    def _code(self, token_hash: bytes, since: datetime) -> str:
        body = b"code" + token_hash + str(int(since.timestamp() * 1e6)).encode()
        return code_from(hmac.new(self._key, body, hashlib.sha256).digest())

    def _code_hash(self, code: str) -> bytes:
        """Return what is kept of a code, from which nobody without the key finds it."""
        return hmac.new(self._key, b"kept" + code.encode(), hashlib.sha256).digest()

    def _limit(self, by: By, now: datetime) -> None:
        by_name, by_address = self._attempts.failed(*_counted(by), now - WATCHED_FOR)
        if by_name >= MOST_WRONG or by_address >= MOST_WRONG_ADDRESS:
            self._note(by, Action.REFUSED, "code", None, {"why": "often"})
            raise CodeError("often")

    def _note(
        self, by: By, action: Action, device: str, site: str | None, detail: dict[str, str | None]
    ) -> None:
        subject = f"{KIND}/{device}"
        self._audit.note(by.actor, action, subject, site=site, address=by.address, detail=detail)


def _counted(by: By) -> tuple[str, str]:
    """Return under which name and address wrong codes count, apart from wrong passwords."""
    return f"code of {by.actor}", f"code from {by.address}"
