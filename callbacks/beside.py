"""Passwords are checked beside the loop that serves everybody: each takes a twentieth of a second.

Imported by the wiring for the web process, which runs under gevent.
"""

from argon2 import PasswordHasher
from gevent import get_hub


class BesideHasher(PasswordHasher):
    """Argon2 in a thread of the loop's pool."""

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Hash a password."""
        return get_hub().threadpool.apply(super().hash, (password,), {"salt": salt})

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        """Check a password. Raises: VerificationError, InvalidHashError."""
        return get_hub().threadpool.apply(super().verify, (hash, password))
