"""Who is on call just now, for every role and area of a site; and where nobody is.

Pure. Imported by the page on which rosters are kept.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from data.domain.exceptions.escalation import coming_shift
from data.domain.exceptions.recipients import Staff
from data.domain.exceptions.records import Place
from data.domain.people import Account
from data.domain.scope import Role


class Post(Struct, frozen=True, kw_only=True):
    """A role in an area. `named`: who stands in the roster for it now; `others`: of the role.

    Without anybody named all others are told; without them nobody is. `shift`: that runs, or
    comes at `starts_at` of the site's clock.
    """

    role: Role
    area: str
    named: tuple[Account, ...]
    others: tuple[Account, ...]
    shift: str = ""
    starts_at: datetime | None = None


def posts(staff: Staff, roles: Sequence[Role]) -> list[Post]:
    """Return who is on call now, by role and area."""
    return [_post(staff, role, area.id) for role in roles for area in staff.site.areas]


def _post(staff: Staff, role: Role, area: str) -> Post:
    run = coming_shift(staff.site, Place(area=area), staff.now)
    begun = run is not None and run.start <= staff.site.now(staff.now)
    shifts = {"", run.name} if run is not None and begun else {""}
    lines = [one for one in staff.duties if one.role is role and one.area in ("", area)]
    on = {one.account for one in lines if one.shift in shifts}
    people = staff.of_role(role)
    return Post(
        role=role, area=area, named=tuple(one for one in people if one.id in on),
        others=tuple(one for one in people if one.id not in on),
        shift="" if run is None else run.name,
        starts_at=run.start if run is not None and not begun else None,
    )  # fmt: skip
