"""Puts what the notifier tells into words: masked for whoever is told, in their language.

Whoever is outside the factory is told of disclosed rows and of nothing else. Imported by `app`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from data.domain.board import Board
from data.domain.deliveries import Delivery, Topic
from data.domain.disclosure import Row, Value, disclose
from data.domain.exceptions.recipients import since_told
from data.domain.exceptions.records import Case, Hit, Severity
from data.domain.facts import Facts
from data.domain.notices import Notice
from data.domain.people import OUTSIDE
from data.domain.policy import FIELDS, Kind, Nature
from data.domain.rows import Rows
from data.domain.scope import Scope
from data.domain.site import Site
from data.domain.tellings import DigestTold, ExceptionTold, MilestoneTold, Moved, News
from data.services.disclosures import Disclosures
from data.services.errors import Unavailable
from data.services.planning import Plants
from layouts.components.exception_words import condition, title, where
from layouts.messages import Message, as_notice, of_digest, of_exception, of_milestone
from layouts.text import Translator, translator

MOST_MOVED, MOST_ITEMS = 10, 20
_PICK_UP = "milepost.pick-up.requested"
Told = ExceptionTold | DigestTold | MilestoneTold


class Words:
    """Words for every site. `address`: where people open the program, without a slash."""

    def __init__(self, plants: Plants, disclosures: Disclosures, address: str) -> None:
        self._plants, self._disclosures = plants, disclosures
        self._address = address

    def exception(self, to: Delivery, case: Case) -> Notice | None:
        """Return what is said of one exception; None: nothing of it is disclosed.

        Raises: Unavailable.
        """
        told = self._told(to, case)
        if told is None:
            return None
        kind = f"milepost.exception.{to.news}"
        return _notice(to, told, of_exception(told, to.language), kind)

    def digest(self, to: Delivery, told: Sequence[tuple[Delivery, Case]]) -> Notice | None:
        """Return what is said of several; None: nothing of any is disclosed.

        Raises: Unavailable.
        """
        site = self._site(to.site)
        found = [one for each, case in told if (one := self._told(each, case)) is not None]
        if not found:
            return None
        said = DigestTold(
            site=site.name, timezone=site.timezone, items=tuple(found[:MOST_ITEMS]),
            start=min(one.at for one in found), finish=max(one.at for one in found),
            more=max(0, len(found) - MOST_ITEMS), url=self._list(to.site),
        )  # fmt: skip
        return _notice(to, said, of_digest(said, to.language), "milepost.exceptions.digest")

    def milestone(self, to: Delivery) -> Notice | None:
        """Return what is said of a milestone; None: nothing of it is disclosed.

        Raises: Unavailable.
        """
        site, row = self._site(to.site), self._milestone_row(to)
        if row is None:
            return None
        said = MilestoneTold(
            name=_said(row, "name"), order=_said(row, "order"), product=_said(row, "product"),
            site=site.name, timezone=site.timezone, at=site.now(to.happened_at or to.planned_at),
            reached=to.news == "reached", committed_at=_at(row, "committed_at"),
            forecast_at=_at(row, "forecast_p80_at"), actual_at=_at(row, "reached_at"),
            url=None if to.role in OUTSIDE else self._order(to, row),
        )  # fmt: skip
        kind = _PICK_UP if to.topic is Topic.PICK_UP else f"milepost.milestone.{to.news}"
        more = {name: row[name] for name in ("quantity", "customer") if name in row}
        return _notice(to, said, of_milestone(said, to.language), kind, more)

    def _told(self, to: Delivery, case: Case) -> ExceptionTold | None:
        site, t = self._site(case.site), translator(to.language)
        case = since_told(case, to.detail)
        if to.role in OUTSIDE:
            return self._told_outside(to, case, site, t)
        moved = tuple(_moved(hit) for hit in case.hits if hit.after_at is not None)
        areas = {area.id: area.name or area.id for area in site.areas}
        return ExceptionTold(
            name=case.name, news=News(to.news), severity=case.severity, title=title(case, t),
            site=site.name, timezone=site.timezone, since=case.since,
            at=site.now(to.happened_at or to.planned_at), place=where(case, areas),
            cause=case.cause.rpartition("/")[2], owner=case.owner_name, level=case.level,
            inside=case.inside, moved=moved[:MOST_MOVED], more=max(0, len(moved) - MOST_MOVED),
            url=f"{self._address}/exceptions/{case.number}?site={case.site}",
        )  # fmt: skip

    def _told_outside(
        self, to: Delivery, case: Case, site: Site, t: Translator
    ) -> ExceptionTold | None:
        """Tell a party of what is disclosed to it of its own things that are moved."""
        scope = Scope(role=to.role, sites=(site.id,), party=to.party) if to.role else None
        if scope is None or not to.party:
            return None
        eyes = self._disclosures.eyes(scope, site.id)
        at = site.now(to.happened_at or to.planned_at)
        rows = Rows(board=Board(site.id), facts=Facts(), now=at)
        found = disclose(rows.exceptions([case], to.party), eyes)
        hits = [row for row in found if row.get("after_at") is not None]
        if not eyes.policy.sees(Kind.EXCEPTION) or not hits:
            return None
        first, moved = hits[0], tuple(map(_moved_row, hits))
        severity = _said(first, "severity")
        return ExceptionTold(
            name=_said(first, "exception"), news=News(to.news),
            severity=Severity(severity) if severity in set(Severity) else Severity.LOW,
            title=_title(first, t), site=site.name, timezone=site.timezone,
            since=_at(first, "since") or at, at=at, moved=moved[:MOST_MOVED],
            more=max(0, len(moved) - MOST_MOVED),
            url=f"{self._address}/our-exceptions?site={site.id}",
        )  # fmt: skip

    def _milestone_row(self, to: Delivery) -> Mapping[str, Value] | None:
        """Return the row as the recipient gets it; a way that rules name is the factory's."""
        fields = dict(_restored(to.detail))
        if to.role is None or to.role not in OUTSIDE:
            return fields
        scope = Scope(role=to.role, sites=(to.site,), party=to.party)
        row = Row(kind=Kind.MILESTONE, fields=fields, parties=frozenset({to.party or ""}))
        return next(iter(disclose([row], self._disclosures.eyes(scope, to.site))), None)

    def _site(self, site: str) -> Site:
        found = next((one for one in self._plants.sites() if one.id == site), None)
        if found is None:
            raise Unavailable(f"the model of {site} isn't there yet")
        return found

    def _list(self, site: str) -> str:
        return f"{self._address}/exceptions?site={site}"

    def _order(self, to: Delivery, row: Mapping[str, Value]) -> str:
        return f"{self._address}/orders/{row['order']}?site={to.site}"


def _notice(
    to: Delivery, told: Told, message: Message, event: str, more: Mapping[str, Value] | None = None
) -> Notice:
    document: dict[str, Any] = msgspec.to_builtins({**msgspec.structs.asdict(told), **(more or {})})
    return as_notice(
        message, id=to.id, way=to.way, address=to.address, mentions=to.mentions,
        document=document, event=event, about=_about(to), at=to.happened_at,
    )  # fmt: skip


def _about(to: Delivery) -> str:
    """Return what an event is about; outside the factory numbers and orders aren't named."""
    topic = "exceptions" if to.topic is Topic.DIGEST else to.topic.value
    rest = to.subject.partition("/")[2]
    named = f"/{rest}" if rest and to.role not in OUTSIDE else ""
    return f"{topic}/{to.site}{named}"


def _moved(hit: Hit) -> Moved:
    name = " · ".join(part for part in (hit.order, hit.name or hit.id) if part)
    return Moved(kind=hit.kind, name=name, before_at=hit.before_at, after_at=hit.after_at)


def _moved_row(row: Mapping[str, Value]) -> Moved:
    kind = next((kind for kind in ("need", "milestone") if row.get(kind)), "order")
    parts = dict.fromkeys((_said(row, "order"), _said(row, "name") or _said(row, kind)))
    name = " · ".join(part for part in parts if part)
    return Moved(
        kind=kind, name=name, before_at=_at(row, "before_at"), after_at=_at(row, "after_at")
    )


def _title(row: Mapping[str, Value], t: Translator) -> str:
    """Return what is said of why: the kind of condition, when that is disclosed."""
    what = _said(row, "name") or _said(row, "order")
    reason = condition(_said(row, "condition"), t)
    return ": ".join(part for part in (what, reason) if part)


def _restored(detail: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Yield a milestone's fields; instants travel as text."""
    for name, value in detail.items():
        nature = FIELDS[Kind.MILESTONE].get(name)
        if nature is not None:
            instant = nature is Nature.INSTANT and isinstance(value, str)
            yield name, datetime.fromisoformat(value) if instant else value


def _said(row: Mapping[str, Value], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _at(row: Mapping[str, Value], name: str) -> datetime | None:
    value = row.get(name)
    return value if isinstance(value, datetime) else None
