"""Answers that are kept for a while: each belongs to a scope, a site and a version of the data.

Imported by services and the wiring. What is kept is JSON, never a pickle; a cache that can't be
reached only costs time. Nothing is ever taken back: a new version is another key.
"""

import hashlib
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
import structlog
from msgspec import Struct

from data.domain.scope import Scope
from data.services.errors import Unavailable

KEEP_S = 120
T = TypeVar("T")
_encode = msgspec.json.Encoder(order="deterministic").encode
_log = structlog.get_logger("caching")


class Shelf(Protocol):
    """Keeps bytes under a key for a while."""

    def get(self, key: str) -> bytes | None:
        """Return what is kept; None when nothing is. Raises: Unavailable."""

    def put(self, key: str, value: bytes, keep_s: int) -> None:
        """Keep a value. Raises: Unavailable."""


class Cached:
    """Makes answers once for all who may see the same."""

    def __init__(self, shelf: Shelf | None, keep_s: int = KEEP_S) -> None:
        """Keep answers on a shelf; without one each is made anew."""
        self._shelf = shelf
        self._keep_s = keep_s

    def get(
        self, scope: Scope, site: str, version: str | int, name: str, parameters: Struct | None,
        form: type[T], make: Callable[[], T],
    ) -> T:  # fmt: skip
        """Return an answer that was made for this very question, else make it.

        `version`: of everything that the answer is made from. `form`: its type. Only what
        decides about the answer belongs into `parameters`.
        """
        key = key_of(scope, site, version, name, parameters)
        kept = self._kept(key, form)
        if kept is not None:
            return kept
        answer = make()
        self._keep(key, answer)
        return answer

    def _kept(self, key: str, form: type[T]) -> T | None:
        try:
            value = None if self._shelf is None else self._shelf.get(key)
            return None if value is None else msgspec.json.decode(value, type=form)
        except Unavailable as error:
            _log.warning("cache not read", reason=str(error))
        except (msgspec.DecodeError, msgspec.ValidationError):
            _log.warning("kept answer of another form", key=key)
        return None

    def _keep(self, key: str, answer: object) -> None:
        try:
            if self._shelf is not None:
                self._shelf.put(key, _encode(answer), self._keep_s)
        except Unavailable as error:
            _log.warning("cache not written", reason=str(error))


def key_of(
    scope: Scope, site: str, version: str | int, name: str, parameters: Struct | None
) -> str:
    """Return a key that two questions share only if scope, site, version and all else agree."""
    whole = _encode([name, scope.key, site, str(version), parameters])
    return f"{name}:{hashlib.sha256(whole).hexdigest()}"
