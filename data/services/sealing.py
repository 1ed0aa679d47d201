"""Short texts that must not be read in the database: sealed with a key that isn't there.

AES-GCM with a random nonce; whose the text is goes into the seal, so that one account's can't be
put in another's place. Source: NIST SP 800-38D, by way of cryptography.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MARK = "sealed1:"  # no secret of an authenticator, base 32, has a colon
_NONCE = 12


class SealError(ValueError):
    """A text was sealed with another key, or for somebody else, or was changed."""


class Box:
    """Seals with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def sealed(self, text: str, whose: str) -> str:
        """Return a text as it may be kept."""
        nonce = os.urandom(_NONCE)
        kept = nonce + self._cipher.encrypt(nonce, text.encode(), whose.encode())
        return _MARK + urlsafe_b64encode(kept).decode()

    def opened(self, kept: str, whose: str) -> str:
        """Return what was sealed; a text that was kept before there were seals as it is.

        Raises: SealError.
        """
        if not is_sealed(kept):
            return kept
        try:
            raw = urlsafe_b64decode(kept.removeprefix(_MARK))
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], whose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealError("sealed with another key: the program's secret has changed") from error


def is_sealed(kept: str) -> bool:
    """Whether a text was kept under seal."""
    return kept.startswith(_MARK)
