"""`/supplier`: a supplier's own board, drawn from what is disclosed to it and nothing else."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import Dash
from dash.development.base_component import Component
from msgspec.structs import replace

from callbacks.desk.party_visit import PartyVisit
from data.domain.asked import Asked, asked, compared, next_turn, seen_of
from data.domain.policy import Kind
from data.domain.scope import Role
from data.domain.topics import STATEMENTS
from data.services.comments import Talk
from data.services.errors import Forbidden, Unavailable
from data.services.need_talks import NeedTalks
from data.services.visits import Before, Visits
from layouts.components.need_forms import Sender
from layouts.components.need_talk import Said
from layouts.pages import supplier
from layouts.sheets import Sheet
from layouts.text import Translator

ROWS = 40
MOST_PAGES = 500
BOARD = "supplier"
Talks = Mapping[str, Talk]


class SupplierPage:
    """What the factory needs from a supplier."""

    name = "supplier"
    path = "/supplier"
    topics = 1 | STATEMENTS
    party = True
    roles = frozenset({Role.SUPPLIER})

    def __init__(self, talks: NeedTalks, visits: Visits) -> None:
        self._talks = talks
        self._visits = visits

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(supplier.TITLE)

    def body(self, visit: PartyVisit) -> Component:
        """Return the board that the address asks for."""
        talks = self._of_rows(visit)
        rows, since = self._rows(visit, talks)
        which = visit.choice("which", tuple(supplier.WHICH), "open")
        alone = visit.text("row")
        found = _chosen(rows, visit, which, alone)
        if alone and not found:
            raise Forbidden(alone)
        page = visit.whole("page", 1, MOST_PAGES, 1)
        shown = found[(page - 1) * ROWS : page * ROWS]
        open_ = [row for row in rows if supplier.fits(row, "open", visit.now)]
        view = supplier.BoardView(
            site_name=visit.site_name,
            rows=shown,
            counts={
                one: sum(supplier.fits(row, one, visit.now) for row in rows)
                for one in supplier.WHICH
            },
            which=which,
            text=visit.text("q"),
            page=page,
            pages=-(-len(found) // ROWS),
            since=since.at,
            threads=self._threads(visit, shown, talks, since),
            sender=_sender(visit),
            alone=alone is not None,
            turn=next_turn(open_, visit.now),
        )
        return supplier.layout(view, visit.href, visit.t)

    def sheets(self, visit: PartyVisit) -> Sequence[Sheet]:
        """Return what the filters leave, as a table that may come back changed."""
        rows, _ = self._rows(visit, self._of_rows(visit))
        which = visit.choice("which", tuple(supplier.WHICH), "open")
        found = _chosen(rows, visit, which, visit.text("row"))
        return (supplier.sheet(found, visit.now, visit.t),)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _rows(self, visit: PartyVisit, talks: Talks) -> tuple[list[Asked], Before]:
        """Return all rows of the viewer, with what changed since its last visit."""
        kinds = (Kind.NEED, Kind.OPERATION)
        rows = [row for kind in kinds for row in asked(kind, visit.rows(kind))]
        try:
            before = self._visits.look(
                visit.scope, visit.actor, visit.site, BOARD, seen_of(rows), visit.now
            )
        except Unavailable:
            before = Before()
        marked = compared(rows, before.seen)
        return [replace(row, heard_at=_heard_at(row, talks, before)) for row in marked], before

    def _of_rows(self, visit: PartyVisit) -> Talks:
        """Return the threads of rows in short; none while SQL can't be asked."""
        try:
            return self._talks.of_rows(visit.scope, visit.site)
        except Unavailable:
            return {}

    def _threads(
        self, visit: PartyVisit, rows: Sequence[Asked], talks: Talks, before: Before
    ) -> Mapping[str, Sequence[Said]]:
        """Return what was said about rows, by their keys; nothing while SQL can't be asked."""
        wanted = {key: talks[key] for row in rows if (key := row.key) is not None and key in talks}
        try:
            said = self._talks.threads(visit.scope, visit.site, wanted)
        except Unavailable:
            return {}
        return {
            key: [
                Said(
                    author=one.author, own=one.side == "party", at=one.at, words=one.words,
                    fresh=one.side != "party" and before.at is not None and one.at > before.at,
                )
                for one in comments
            ]
            for key, comments in said.items()
        }  # fmt: skip


def _heard_at(row: Asked, talks: Talks, before: Before) -> datetime | None:
    """Return when the factory wrote last, if that was since the visit before and stands last."""
    talk = talks.get(row.key or "")
    if talk is None or talk.unanswered or before.at is None or talk.last.at <= before.at:
        return None
    return talk.last.at


def _chosen(rows: Sequence[Asked], visit: PartyVisit, which: str, alone: str | None) -> list[Asked]:
    """Return the rows that the address asks for: what waits first, then by when it is due."""
    if alone is not None:
        return [row for row in rows if row.key == alone]
    words = (visit.text("q") or "").casefold()
    found = [
        row
        for row in rows
        if supplier.fits(row, which, visit.now)
        and words in " ".join((row.item, row.name, row.order or "")).casefold()
    ]
    return sorted(found, key=lambda row: _place(row, visit))


def _place(row: Asked, visit: PartyVisit) -> tuple[object, ...]:
    due = row.due_at or row.planned_at
    age = abs((visit.now - due).total_seconds()) if due else 0.0
    soon = age if row.done or due is None else due.timestamp()
    return (not row.waits(visit.now), row.done, due is None, soon, row.item, row.key or "")


def _sender(visit: PartyVisit) -> Sender:
    return Sender(
        site=visit.site,
        timezone=visit.timezone,
        csrf=visit.csrf,
        token=secrets.token_urlsafe(12),
        back=visit.href(),
        now=visit.now,
    )
