"""Who is told of what happened to an exception: on-call by role and shift, levels, who else knows.

Pure. Imported by whoever plans deliveries. Whether and when it reaches them is decided by their
preferences, and what it says by what may be disclosed to them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from data.domain.calendars import ShiftRun
from data.domain.deliveries import Delivery
from data.domain.exceptions.escalation import area_of, coming_shift, real_at
from data.domain.exceptions.records import Case, Hit, Move, Severity, State, Transition
from data.domain.exceptions.ripple import LEAST
from data.domain.exceptions.rules import Rule
from data.domain.people import OUTSIDE, Account
from data.domain.preferences import Duty
from data.domain.scope import Role
from data.domain.site import Site
from data.domain.tellings import News

EVERY_SITE = "*"
_RAISED_AGAIN = {Move.UNSHELVE, Move.RELEASE}
TELLS_AGAIN_AFTER = timedelta(minutes=30)  # of dates that slip on, for each who is told outside
_STANDS = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED})
_TOLD, _KNEW = "told/", "knew/"


class Whom(Struct, frozen=True, kw_only=True):
    """Somebody, or a way itself, that is to be told. `event`: of which news, told once.

    `quietly`: only in the program itself. `not_before`: they come on duty then, or were told a
    while ago. `told`: the dates that they are told now and those that they knew, outside.
    `waits`: what waits to go out to them says it; it is only to be noted which dates that are.
    """

    news: News
    event: str
    account: Account | None = None
    way: str = ""
    quietly: bool = False
    not_before: datetime | None = None
    told: Mapping[str, str] = MappingProxyType({})
    waits: bool = False


class Before(Struct, frozen=True, kw_only=True):
    """What somebody was told of an exception before: when it was due last, and which dates.

    `dates`: as `Whom.told`. `events`: all that they were told of.
    """

    at: datetime
    events: frozenset[str]
    dates: Mapping[str, str]


class Staff(Struct, frozen=True, kw_only=True):
    """Who there is at a site, and who of them is on call when. Holds at `now`, real time."""

    site: Site
    people: Sequence[Account]
    duties: Sequence[Duty]
    now: datetime

    def of_role(self, role: Role) -> list[Account]:
        """Everybody of a role who may see the site and may sign in."""
        return [
            one
            for one in self.people
            if one.role is role
            and one.disabled_at is None
            and (self.site.id in one.sites or EVERY_SITE in one.sites)
        ]

    def on_call(self, role: Role, case: Case) -> tuple[list[Account], datetime | None]:
        """Return who is on call for a case, and from when when it isn't now.

        Those of the running shift and those of any time; off shift those of the next one from
        its start on, but of a critical case at once. Without a roster: everybody of the role.
        """
        everybody = self.of_role(role)
        area = area_of(self.site, case.place)
        lines = [
            one
            for one in self.duties
            if one.site == self.site.id
            and one.role is role
            and (not one.area or not area or one.area == area)
        ]
        run = coming_shift(self.site, case.place, self.now)
        start = self._start(run)
        always = {one.account for one in lines if not one.shift}
        shift = {one.account for one in lines if run is not None and one.shift == run.name}
        named = always | shift if start is None else always or shift
        if not any(one.id in named for one in everybody):
            return everybody, None
        waits = start if not always and case.severity is not Severity.CRITICAL else None
        return [one for one in everybody if one.id in named], waits

    def _start(self, run: ShiftRun | None) -> datetime | None:
        """Return the real start of a shift that hasn't begun."""
        if run is None or run.start <= self.site.now(self.now):
            return None
        return real_at(self.site.clock, run.start)


def told_of(
    case: Case, move: Transition, rule: Rule | None, staff: Staff, before: Mapping[str, Before]
) -> list[Whom]:
    """Return who is told of a move. `before`: accounts and `way/<name>`s that were told already.

    Of what stands inside another exception nobody is told: the other says it.
    """
    if case.parent is not None:
        return []
    if move.move is Move.ESCALATE:
        return _escalated(case, move, rule, staff)
    if move.move is Move.ASSIGN:
        return _assigned(case, move, staff)
    if move.move is Move.CLEAR:
        return _returned(case, rule, staff, before)
    if move.move is Move.CHANGE:
        return _outside(case, staff, before) if case.state in _STANDS else []
    if _came_up(case, move):
        return [*_raised(case, move, rule, staff), *_outside(case, staff, before)]
    return []


def mentions(whom: Iterable[Whom], numbers: Mapping[str, str]) -> tuple[str, ...]:
    """Return whom a group's robot calls by name: those who are told and act. `numbers`: theirs."""
    accounts = (one.account for one in whom if not one.quietly and one.not_before is None)
    inside = (one for one in accounts if one is not None and one.role not in OUTSIDE)
    return tuple(dict.fromkeys(numbers[one.id] for one in inside if numbers.get(one.id)))


def _came_up(case: Case, move: Transition) -> bool:
    """Whether somebody has to act now who hadn't to before; one that flaps says so once."""
    if move.after is not State.UNACKNOWLEDGED or move.before is State.UNACKNOWLEDGED:
        return False
    return not (case.flapping and case.times > 1 and move.move is Move.RAISE)


def _raised(case: Case, move: Transition, rule: Rule | None, staff: Staff) -> list[Whom]:
    event = f"raised/{case.times}"
    if move.move in _RAISED_AGAIN:
        event = f"{event}/{move.version}"
    people, waits = staff.on_call(case.owner_role, case)
    whom = [
        Whom(news=News.RAISED, event=event, account=one, not_before=waits)
        for one in people
        if move.actor != f"account/{one.id}"
    ]
    known = {one.id for one in people}
    for role in case.informs:
        if role in OUTSIDE:
            continue
        others = (one for one in staff.of_role(role) if one.id not in known)
        whom += [Whom(news=News.RAISED, event=event, account=o, quietly=True) for o in others]
    return whom + _ways(rule.ways if rule else (), News.RAISED, event)


def _outside(case: Case, staff: Staff, before: Mapping[str, Before]) -> list[Whom]:
    """Return those outside whom it hits: as soon as it does, and again when their dates slip."""
    hit = {one.party for one in case.hits if one.party is not None} & case.parties
    whom = [
        _hit(case, one, staff.now, before.get(one.id))
        for role in case.informs
        if role in OUTSIDE
        for one in staff.of_role(role)
        if one.party in hit
    ]
    return [one for one in whom if one is not None]


def _hit(case: Case, account: Account, now: datetime, before: Before | None) -> Whom | None:
    """Return what somebody outside is told; None: they know, or soon will."""
    dates = {_key(one): one.after_at for one in case.hits if one.party == account.party}
    told = {f"{_TOLD}{key}": at.isoformat() for key, at in dates.items() if at is not None}
    event = f"raised/{case.times}"
    if before is None or event not in before.events:
        return Whom(news=News.RAISED, event=event, account=account, told=told)
    if not _slipped(before.dates, told):
        return None
    if before.at > now:
        return Whom(news=News.MOVED, event=event, account=account, told=told, waits=True)
    knew = {f"{_KNEW}{name.removeprefix(_TOLD)}": at for name, at in before.dates.items()
            if name.startswith(_TOLD)}  # fmt: skip
    at = max(now, before.at + TELLS_AGAIN_AFTER)
    window = int(at.timestamp() // TELLS_AGAIN_AFTER.total_seconds())
    event = f"moved/{case.times}/{window}"
    return Whom(
        news=News.MOVED, event=event, account=account, told={**knew, **told},
        not_before=at if at > now else None,
    )  # fmt: skip


def _key(hit: Hit) -> str:
    return f"{hit.kind}/{hit.order}/{hit.id}"


def _slipped(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether a date is another than the one that was told, or wasn't told at all."""
    return any(
        name not in before or _apart(datetime.fromisoformat(before[name]), at)
        for name, at in ((name, datetime.fromisoformat(at)) for name, at in now.items())
    )


def _apart(one: datetime, other: datetime) -> bool:
    return abs(one - other) >= LEAST


def since_told(case: Case, dates: Mapping[str, Any]) -> Case:
    """Return a case as it is told to somebody again: from the dates that they knew.

    What hasn't moved since isn't told. `dates`: of the delivery, as `Whom.told`.
    """
    if not any(name.startswith(_KNEW) for name in dates):
        return case
    hits = []
    for hit in case.hits:
        knew = dates.get(f"{_KNEW}{_key(hit)}")
        before_at = datetime.fromisoformat(str(knew)) if knew else hit.before_at
        if before_at is None or hit.after_at is None or _apart(before_at, hit.after_at):
            hits.append(replace(hit, before_at=before_at))
    return replace(case, hits=tuple(hits))


def _escalated(case: Case, move: Transition, rule: Rule | None, staff: Staff) -> list[Whom]:
    number = _level_of(case, move)
    if rule is None or not 1 <= number <= len(rule.levels):
        return []
    level = rule.levels[number - 1]
    event = f"level/{case.times}/{number}"
    people, _ = staff.on_call(level.role, case)
    whom = [Whom(news=News.ESCALATED, event=event, account=one) for one in people]
    return whom + _ways(level.ways, News.ESCALATED, event)


def _level_of(case: Case, move: Transition) -> int:
    """Return to which level a move led; the case may have gone further since."""
    level = move.detail.get("level")
    return level if isinstance(level, int) else case.level


def _assigned(case: Case, move: Transition, staff: Staff) -> list[Whom]:
    if case.owner is None or move.actor in {case.owner, f"account/{case.owner}"}:
        return []
    owner = case.owner.removeprefix("account/")
    event = f"assigned/{move.version}"
    people = (one for one in staff.people if one.id == owner and one.disabled_at is None)
    return [Whom(news=News.RAISED, event=event, account=one) for one in people]


def _returned(case: Case, rule: Rule | None, staff: Staff, before: Collection[str]) -> list[Whom]:
    event = f"returned/{case.times}"
    people = (one for one in staff.people if one.id in before and one.disabled_at is None)
    whom = [Whom(news=News.RETURNED, event=event, account=one) for one in people]
    levels = rule.levels[: case.level] if rule else ()
    ways = dict.fromkeys([*(rule.ways if rule else ()), *(w for one in levels for w in one.ways)])
    told = [way for way in ways if f"way/{way}" in before]
    return whom + _ways(told, News.RETURNED, event)


def _ways(ways: Iterable[str], news: News, event: str) -> list[Whom]:
    return [Whom(news=news, event=event, way=way) for way in dict.fromkeys(ways)]


def still_says(delivery: Delivery, case: Case) -> bool:
    """Whether there still is a point in telling what waited, as the case stands now.

    Somebody acknowledged, it is back to normal or put aside: then who hasn't heard needn't.
    Outside it counts whether it still hits them, not who has it.
    """
    if delivery.news == News.RETURNED:
        return case.state in {State.RETURNED, State.CLOSED}
    if case.parent is not None:
        return False
    if delivery.role in OUTSIDE:
        return case.state in _STANDS
    if delivery.event.startswith("assigned/"):
        return case.state is State.ACKNOWLEDGED and _owns(case, delivery.recipient)
    return case.state is State.UNACKNOWLEDGED


def _owns(case: Case, account: str) -> bool:
    return case.owner in {account, f"account/{account}"}
