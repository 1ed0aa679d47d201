"""What someone looks for among exceptions, and what moves of theirs are kept together.

Pure. Imported by services, by the store that keeps exceptions, and by pages.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from data.domain.exceptions.records import Case, Note, Severity, State, Transition
from data.domain.scope import Role


class CaseFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which exceptions to list.

    `top`: only those that stand inside no other; `parent`: only those inside of that one.
    `concerns`: only those that are a role's, or of which it is informed.
    `party`: only those that concern it. `since`: open still, or closed not before that.
    """

    states: tuple[State, ...] = ()
    severity: Severity | None = None
    rule: str | None = None
    kind: str | None = None
    area: str | None = None
    work_center: str | None = None
    work_unit: str | None = None
    order: str | None = None
    owner: str | None = None
    owner_role: Role | None = None
    concerns: Role | None = None
    party: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    parent: int | None = None
    top: bool = True


class Change(Struct, frozen=True, kw_only=True):
    """A case after a move, to be kept if it was at version `was` before; 0: there was none.

    A new one's number is given by who keeps it. `inside_of`: the place, among the changes kept
    together with this one, of the one that it stands inside of.
    """

    case: Case
    transition: Transition
    was: int
    inside_of: int | None = None


class Kept(Struct, frozen=True, kw_only=True):
    """What became of changes: those that are kept, and those that someone else was ahead of."""

    done: tuple[Case, ...] = ()
    lost: tuple[Change, ...] = ()


class Thread(Struct, frozen=True, kw_only=True):
    """All that there is to read of one exception."""

    case: Case
    transitions: tuple[Transition, ...]
    notes: tuple[Note, ...]
    inside: tuple[Case, ...] = ()
    marks: Mapping[str, bool] = {}


class Found(Struct, frozen=True, kw_only=True):
    """A page of exceptions, worst and newest first, and how many there are in all."""

    cases: tuple[Case, ...]
    total: int
