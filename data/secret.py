"""The program's own secret, from which every key is derived that is not for one purpose alone.

Imported by the wiring. A secret that is set from outside is used as it is; else one is made once
and kept in a file that only the program's account can read.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

FILE = "secret"
_BYTES = 48


def kept(folder: Path) -> bytes:
    """Return the secret of a folder; made by the first who asks, whoever else asks meanwhile.

    Raises: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    if not file.exists():
        _make(file)
    return file.read_bytes().strip()


def derived(secret: bytes, purpose: str) -> bytes:
    """Return the key for one purpose; from it nobody finds the secret or another key."""
    return hmac.new(secret, purpose.encode(), hashlib.sha256).digest()


def _make(file: Path) -> None:
    """Write a new secret aside, then put it in place whole, unless another one is there by now."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # only we may read
    try:
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(_BYTES) + "\n")
            out.flush()
            os.fsync(out.fileno())
        os.link(name, file)
    except FileExistsError:
        return
    finally:
        os.unlink(name)
