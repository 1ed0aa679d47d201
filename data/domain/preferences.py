"""What people say of being told: by which ways, of what, when not; and who is on duty when.

Pure. Imported by whoever plans deliveries and by the pages on which people say so.
"""

import re
from collections.abc import Collection, Iterable
from datetime import time

from msgspec import Struct

from data.domain.exceptions.records import Severity
from data.domain.people import PEOPLE
from data.domain.scope import Role
from data.domain.site import Site

IN_APP = "in-app"  # the way that everybody has: the list on their own page
MOST_WAYS, MOST_ADDRESS, MOST_MENTION, MOST_DUTIES = 5, 320, 64, 2000
DIGESTS_MIN = (0, 10, 15, 30, 60, 120, 240)  # divide a day, so that everybody's come together
LANGUAGES = ("", "zh-Hant", "zh-Hans", "en")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Chosen(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A configured way, and the address there where the way needs one."""

    way: str
    address: str = ""


class Quiet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours in which nothing goes out; local `HH:MM`, over midnight when the finish is earlier."""

    start: str
    finish: str

    def covers(self, clock: time) -> bool:
        """Whether a local time of day lies within."""
        start, finish = time.fromisoformat(self.start), time.fromisoformat(self.finish)
        if start < finish:
            return start <= clock < finish
        return clock >= start or clock < finish


class Preference(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How one person is told.

    `least`: of what is less severe nothing goes out. `ways`: in order; a later one is used when
    an earlier one is given up. `critical_breaks`: critical ones wait for neither hours nor
    digest. `digest_min`: what comes within so many minutes is told together; 0: each at once.
    `returns`: also told when it is back to normal. `language`: empty, the program's. `mention`:
    the phone or user id by which a group's robot calls the person.
    """

    account: str
    least: Severity = Severity.LOW
    ways: tuple[Chosen, ...] = ()
    quiet: Quiet | None = None
    critical_breaks: bool = True
    digest_min: int = 0
    returns: bool = False
    language: str = ""
    mention: str = ""


class Duty(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who is on call for a role. No `area`: everywhere; no `shift`: at any time."""

    site: str
    role: Role
    account: str
    area: str = ""
    shift: str = ""


class PreferenceError(ValueError):
    """What was said can't be; `field` names what, the text what was expected."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


def check_preference(
    said: Preference, ways: Collection[str], addressed: Collection[str]
) -> Preference:
    """Return the preference as it is kept. `ways`: that there are; `addressed`: need an address.

    Raises: PreferenceError.
    """
    if len(said.ways) > MOST_WAYS or len(set(said.ways)) < len(said.ways):
        raise PreferenceError("ways", f"at most {MOST_WAYS}, each once")
    for chosen in said.ways:
        _check_way(chosen, ways, addressed)
    if said.quiet is not None:
        _check_quiet(said.quiet)
    if said.digest_min not in DIGESTS_MIN:
        raise PreferenceError("digest_min", f"one of {', '.join(map(str, DIGESTS_MIN))}")
    if said.language not in LANGUAGES:
        raise PreferenceError("language", "one of zh-Hant, zh-Hans, en")
    if len(said.mention) > MOST_MENTION or not re.fullmatch(r"[\w.@+-]*", said.mention, re.ASCII):
        raise PreferenceError("mention", "a phone number or the robot's user id")
    return said


def _check_way(chosen: Chosen, ways: Collection[str], addressed: Collection[str]) -> None:
    if chosen.way not in ways or chosen.way == IN_APP:
        raise PreferenceError("ways", f"one of {', '.join(sorted(ways)) or 'none: none is set up'}")
    wanted = chosen.way in addressed
    address = chosen.address
    if wanted != bool(address):
        raise PreferenceError("address", "one" if wanted else f"none for {chosen.way}")
    if len(address) > MOST_ADDRESS or not address.isprintable() or "," in address:
        raise PreferenceError("address", f"one address of at most {MOST_ADDRESS} characters")


def _check_quiet(quiet: Quiet) -> None:
    if not (_CLOCK.fullmatch(quiet.start) and _CLOCK.fullmatch(quiet.finish)):
        raise PreferenceError("quiet", "times of day, as in 22:00 to 07:00")
    if quiet.start == quiet.finish:
        raise PreferenceError("quiet", "a finish that isn't the start")


def check_duties(site: Site, said: Iterable[Duty], roles: dict[str, Role]) -> tuple[Duty, ...]:
    """Return a site's roster as it is kept. `roles`: of the accounts that may be on duty there.

    Raises: PreferenceError.
    """
    duties = tuple(dict.fromkeys(said))
    if len(duties) > MOST_DUTIES:
        raise PreferenceError("roster", f"at most {MOST_DUTIES} lines")
    shifts = {shift.name for calendar in site.calendars for shift in calendar.shifts}
    areas = {area.id for area in site.areas}
    for duty in duties:
        if duty.site != site.id:
            raise PreferenceError("site", site.id)
        if duty.role not in PEOPLE or roles.get(duty.account) is not duty.role:
            raise PreferenceError("account", f"somebody of the site who is {duty.role}")
        if duty.area and duty.area not in areas:
            raise PreferenceError("area", f"one of {', '.join(sorted(areas))}")
        if duty.shift and duty.shift not in shifts:
            raise PreferenceError("shift", f"one of {', '.join(sorted(shifts))}")
    return duties


def language_of(preference: Preference, usual: str) -> str:
    """Return in which language somebody is told."""
    return preference.language or usual
