"""Codes of an authenticator app. Source: RFC 6238, by way of pyotp."""

from datetime import datetime
from urllib.parse import quote

import pyotp

STEP_S = 30
_STEPS = (0, -1, 1)  # the clocks of phone and server may differ by half a minute


def new_secret() -> str:
    """Return a random secret of 160 bits, in base 32."""
    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    return f"otpauth://totp/Milepost:{quote(login)}?secret={secret}&issuer=Milepost"


def accepted_step(secret: str, code: str, now: datetime, used: int) -> int | None:
    """Return the time step that a code is right for; None for a wrong or an already used one.

    None too for a secret that can be none: it comes back from a form.
    """
    code = code.replace(" ", "")
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        return None
    this = int(now.timestamp()) // STEP_S
    try:
        totp = pyotp.TOTP(secret)
        codes = {step: totp.generate_otp(step) for step in sorted(this + one for one in _STEPS)}
    except ValueError:
        return None
    for step, right in codes.items():
        if step > used and pyotp.utils.strings_equal(right, code):
            return step
    return None
