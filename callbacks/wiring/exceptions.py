"""What shows exceptions and says whom they are told to, wired.

Imported by `web.server` alone.
"""

from collections.abc import Callable

from flask import Blueprint

from callbacks.desk.exception import ExceptionPage
from callbacks.desk.exception_acts import ExceptionActs
from callbacks.desk.exception_quality import ExceptionQualityPage
from callbacks.desk.exceptions import ExceptionsPage
from callbacks.desk.party_exceptions import PartyExceptionActs, PartyExceptionsPage
from callbacks.desk.rules import RulesPage
from callbacks.desk.visit import DeskPage
from callbacks.notifications import NotificationPages, untold
from callbacks.plain_pages import MakesHead, PlainPages
from callbacks.roster import RosterPages
from callbacks.triggers import TriggerPages
from callbacks.wiring.outside import Outside
from callbacks.wording import Words
from data.desks import ExceptionParts, TellingParts
from data.services.live import utc_now
from data.services.news import What
from data.services.sites import Sites
from data.settings import Settings
from data.wiring import Engines


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
    engines: Engines, settings: Settings, sites: Sites, outside: Outside,
    exceptions: ExceptionParts, head: MakesHead,
) -> tuple[list[Blueprint], Callable[[], int | None]]:  # fmt: skip
    """Return the pages on how people are told and of what, and what counts their unread."""
    audit = outside.audit
    made = TellingParts(engines, settings, sites, audit, Words, outside.disclosures)
    pages = PlainPages(head, made.models, settings.locale)
    own = NotificationPages(made.preferences, made.inbox, exceptions.desk, made.book, audit, pages)
    every = (own, RosterPages(made.roster, pages), TriggerPages(made.triggers, pages))
    return [one.blueprint() for one in every], untold(made.inbox)
