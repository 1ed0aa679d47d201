"""What the quality of alarms is worked out from: who was told what, moves, marks.

Imported by the wiring, which hands it to the service.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, Select, and_, or_, select, union

from data.domain.deliveries import Topic
from data.domain.exceptions.quality.records import Course, Opinion, Step, Told
from data.domain.exceptions.records import Move, Severity, State
from data.domain.people import OUTSIDE
from data.domain.preferences import IN_APP
from data.domain.scope import Role, Scope
from data.domain.tellings import News
from data.store.delivery_tables import delivery
from data.store.exception_tables import exception, exception_mark, exception_transition
from data.store.scoped import reading

_case, _move, _told = exception.c, exception_transition.c, delivery.c
_ALARMS = (News.RAISED, News.ESCALATED, News.MOVED)
_ACTS = or_(  # whoever only may know of it reads it when they like
    _told.role == _case.owner_role,
    _told.role.in_(OUTSIDE),
    _told.news == News.ESCALATED,
    _told.event.startswith("assigned/", autoescape=True),
)


class ExceptionQuality:
    """Reads what happened to the exceptions of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def told(
        self, scope: Scope, site: str, since: datetime, until: datetime, area: str | None
    ) -> list[Told]:
        """Return the alarms that people were told, by time."""
        query = (
            select(_told.planned_at, _told.recipient, _told.name, _case.rule, _case.subject)
            .join(exception, and_(_case.site == _told.site, _case.number == _told.exception))
            .where(
                _told.site == site, _told.way == IN_APP, _told.topic == Topic.EXCEPTION,
                _told.news.in_(_ALARMS), _ACTS,
                _told.planned_at >= since, _told.planned_at < until, *_of(area),
            )
            .order_by(_told.planned_at, _told.number)
        )  # fmt: skip
        return [
            Told(at=row[0], person=row[1], name=row[2], rule=row[3], subject=row[4])
            for row in self._read(scope, query)
        ]

    def courses(
        self, scope: Scope, site: str, since: datetime, until: datetime, area: str | None
    ) -> list[Course]:
        """Return the courses of all exceptions that moved in a time or are open, by number.

        Those that stand inside of another are left out: the other says it.
        """
        moved = select(_move.number).where(
            _move.site == site, _move.at >= since, _move.at < until, _move.move != Move.CHANGE
        )
        open_ = select(_case.number).where(_case.site == site, _case.state != State.CLOSED)
        query = (
            select(
                _move.number, _move.at, _move.move, _move.before, _move.after, _move.actor,
                _case.rule, _case.subject, _case.severity, _case.owner_role,
            )
            .join(exception, and_(_case.site == _move.site, _case.number == _move.number))
            .where(
                _move.site == site, _move.number.in_(union(moved, open_)), _move.at < until,
                _move.move != Move.CHANGE, _case.parent.is_(None), *_of(area),
            )
            .order_by(_move.number, _move.version)
        )  # fmt: skip
        rows = self._read(scope, query)
        return [_course(number, steps) for number, steps in groupby(rows, key=lambda row: row[0])]

    def opinions(
        self, scope: Scope, site: str, since: datetime, until: datetime, area: str | None
    ) -> list[Opinion]:
        """Return what was said in a time."""
        mark = exception_mark.c
        query = (
            select(_case.rule, mark.useful)
            .join(exception, and_(_case.site == mark.site, _case.number == mark.exception))
            .where(mark.site == site, mark.at >= since, mark.at < until, *_of(area))
            .order_by(_case.rule)
        )
        return [Opinion(rule=row[0], useful=row[1]) for row in self._read(scope, query)]

    def _read(self, scope: Scope, query: Select[Any]) -> list[Any]:
        with reading(self._engine, scope) as connection:
            return list(connection.execute(query))


def _of(area: str | None) -> list[Any]:
    return [] if area is None else [_case.area == area]


def _course(number: int, rows: Iterable[Any]) -> Course:
    known = list(rows)
    first = known[0]
    return Course(
        number=number,
        rule=first.rule,
        subject=first.subject,
        severity=Severity(first.severity),
        role=Role(first.owner_role),
        steps=tuple(
            Step(
                at=row.at,
                move=Move(row.move),
                before=None if row.before is None else State(row.before),
                after=State(row.after),
                actor=row.actor,
            )
            for row in known
        ),
    )
