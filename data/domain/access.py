"""Who can see what, for the review that is made from time to time: accounts, links, screens, keys.

Pure. Nothing in these records opens anything: no password, no token, no hash of one.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from data.domain.people import Account, Link
from data.domain.policy import FIELDS, Kind, Policy, Treatment
from data.domain.scope import Role

UNUSED_AFTER = timedelta(days=90)


class Mark(StrEnum):
    """What a reviewer should know of one way in."""

    UNUSED = "unused"  # for more than `UNUSED_AFTER`
    NEVER_USED = "never_used"
    NO_AUTHENTICATOR = "no_authenticator"
    INVITED = "invited"  # the owner hasn't chosen a password yet
    DISABLED = "disabled"
    REVOKED = "revoked"
    ENDED = "ended"


_CLOSED = frozenset({Mark.DISABLED, Mark.REVOKED, Mark.ENDED})


class Way(Struct, frozen=True, kw_only=True):
    """One way in. `id`: as the audit trail names it; `used_at`: None when it never was.

    `name`: whose, or what for; `reach`: sites, screen or source that it leads to.
    """

    id: str
    name: str
    reach: tuple[str, ...]
    role: Role | None = None
    party: str | None = None
    made_at: datetime
    made_by: str = ""
    ends_at: datetime | None = None
    used_at: datetime | None = None
    uses: int | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it still leads in."""
        return not _CLOSED & set(self.marks)


class Device(Struct, frozen=True, kw_only=True):
    """A browser on a wall, as it is kept."""

    id: str
    screen: str
    enrolled_by: str | None
    enrolled_at: datetime
    seen_at: datetime
    revoked_at: datetime | None


class Sight(Struct, frozen=True, kw_only=True):
    """What a role, or one party of it, may know. `whole`: all of the site, as it is.

    `ways`: how many open accounts, links and keys there are for it.
    """

    role: Role
    party: str | None
    whole: bool
    ways: int
    fields: Mapping[Kind, Mapping[Treatment, tuple[str, ...]]] = {}


class Review(Struct, frozen=True, kw_only=True):
    """Everything that leads into one site, as of one instant."""

    at: datetime
    sights: tuple[Sight, ...]
    accounts: tuple[Way, ...]
    links: tuple[Way, ...]
    screens: tuple[Way, ...]
    keys: tuple[Way, ...]

    @property
    def ways(self) -> tuple[Way, ...]:
        """Every way in."""
        return self.accounts + self.links + self.screens + self.keys


def account_way(account: Account, now: datetime) -> Way:
    """Return an account as a way in."""
    return Way(
        id=f"account/{account.id}",
        name=f"{account.name} ({account.login})",
        reach=account.sites,
        role=account.role,
        party=account.party,
        made_at=account.created_at,
        used_at=account.seen_at,
        marks=tuple(_account_marks(account, now)),
    )


def link_way(link: Link, now: datetime) -> Way:
    """Return a signed link as a way in."""
    closed = [Mark.REVOKED] if link.revoked_at else [Mark.ENDED] if link.ends_at <= now else []
    return Way(
        id=f"link/{link.token_hash.hex()[:8]}",
        name=link.party or "",
        reach=(link.site,) if link.site else (),
        role=link.role,
        party=link.party,
        made_at=link.created_at,
        made_by=link.created_by,
        ends_at=link.ends_at,
        used_at=link.used_at,
        uses=link.uses,
        marks=(*closed, *use_marks(link.created_at, link.used_at, now)),
    )


def screen_way(device: Device, now: datetime) -> Way:
    """Return a screen as a way in."""
    closed = [Mark.REVOKED] if device.revoked_at else []
    return Way(
        id=f"screen/{device.id}",
        name=device.screen,
        reach=(device.screen,),
        role=Role.SCREEN,
        made_at=device.enrolled_at,
        made_by=device.enrolled_by or "",
        used_at=device.seen_at,
        marks=(*closed, *use_marks(device.enrolled_at, device.seen_at, now)),
    )


def use_marks(made_at: datetime, used_at: datetime | None, now: datetime) -> list[Mark]:
    """Say whether something was used at all, and whether that is long ago."""
    marks = [Mark.NEVER_USED] if used_at is None else []
    if now - (used_at or made_at) > UNUSED_AFTER:
        marks.append(Mark.UNUSED)
    return marks


def disclosed_fields(policy: Policy) -> dict[Kind, dict[Treatment, tuple[str, ...]]]:
    """Return the fields that aren't hidden, by kind and by what becomes of them."""
    found: dict[Kind, dict[Treatment, tuple[str, ...]]] = {}
    for kind, fields in FIELDS.items():
        for treatment in (Treatment.SHOW, Treatment.BUCKET, Treatment.MASK):
            names = tuple(name for name in fields if policy.of(kind, name) is treatment)
            if names:
                found.setdefault(kind, {})[treatment] = names
    return found


def _account_marks(account: Account, now: datetime) -> Iterable[Mark]:
    if account.disabled_at is not None:
        yield Mark.DISABLED
    elif account.password is None and account.subject is None:
        yield Mark.INVITED
    elif account.password is not None and account.totp_secret is None:
        yield Mark.NO_AUTHENTICATOR
    yield from use_marks(account.created_at, account.seen_at, now)
