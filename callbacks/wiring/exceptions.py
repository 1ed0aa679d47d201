"""What shows exceptions and says whom they are told to, wired.

Imported by the other modules of `callbacks.wiring` alone.
"""

from flask import Blueprint

from callbacks.desk.exception import ExceptionPage
from callbacks.desk.exception_acts import ExceptionActs
from callbacks.desk.exception_quality import ExceptionQualityPage
from callbacks.desk.exceptions import ExceptionsPage
from callbacks.desk.party_exceptions import PartyExceptionActs, PartyExceptionsPage
from callbacks.desk.rules import RulesPage
from callbacks.desk.visit import DeskPage
from callbacks.notifications import NotificationPages
from callbacks.plain_pages import PlainPages
from callbacks.roster import RosterPages
from callbacks.triggers import TriggerPages
from callbacks.wiring.outside import Outside
from data.desks import ExceptionParts, TellingParts
from data.services.live import utc_now
from data.services.news import What


def exception_pages(parts: ExceptionParts) -> list[DeskPage]:
    """Return the pages on exceptions; addresses with a number come last."""
    desk, rules = parts.desk, parts.rules
    return [
        ExceptionsPage(desk, rules, utc_now),
        ExceptionQualityPage(parts.qualities, rules),
        RulesPage(parts.rule_desk, parts.qualities, parts.models),
        PartyExceptionsPage(parts.outside),
        ExceptionPage(desk, rules, parts.staff, utc_now, parts.told),
    ]


def exception_acts(
    parts: ExceptionParts, outside: Outside, locale: str
) -> tuple[Blueprint, Blueprint]:
    """Return the routes of what people do with exceptions, inside and outside of the factory."""
    told = outside.telling.of(What.COMMENT)
    inside = ExceptionActs(parts.desk, parts.staff.takers, told, utc_now, locale)
    return inside.blueprint(), PartyExceptionActs(parts.outside, told, locale).blueprint()


def telling(
    parts: TellingParts, exceptions: ExceptionParts, outside: Outside, plain: PlainPages
) -> list[Blueprint]:
    """Return the pages on how people are told and of what."""
    own = NotificationPages(
        parts.preferences, parts.inbox, exceptions.desk, parts.book, outside.audit, plain
    )
    every = (own, RosterPages(parts.roster, plain), TriggerPages(parts.triggers, plain))
    return [one.blueprint() for one in every]
