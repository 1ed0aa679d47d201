"""`/needs`: what was asked of suppliers, for who looks after it; drawn from disclosed rows."""

import secrets
from collections.abc import Mapping, Sequence

from dash import Dash
from dash.development.base_component import Component
from msgspec.structs import replace

from callbacks.desk.party_visit import PartyVisit
from callbacks.gate import MANAGERS
from data.domain.policy import Kind
from data.domain.scope import Role
from data.domain.supply import Supply, compared, place, seen_of, supplies
from data.domain.topics import FORECASTS, NEEDS, OPERATIONS, PLAN, STATEMENTS
from data.services.comments import Comment, Talk
from data.services.errors import Forbidden, Unavailable
from data.services.need_talks import NeedTalks
from data.services.visits import Before, Visits
from layouts.components.need_forms import Sender
from layouts.components.need_talk import Said
from layouts.pages import needs
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import segment

ROWS = 40
MOST_PAGES = 2500
BOARD = "needs"
ACTIONS = "/needs/act"
ROLES = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.PURCHASER})


class NeedsPage:
    """What was asked, what was promised, what is late."""

    name = "needs"
    path = "/needs"
    topics = NEEDS | OPERATIONS | PLAN | FORECASTS | STATEMENTS
    party = True
    roles = ROLES

    def __init__(self, talks: NeedTalks, visits: Visits) -> None:
        self._talks = talks
        self._visits = visits

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(needs.TITLE)

    def body(self, visit: PartyVisit) -> Component:
        """Return what the address asks for."""
        talks = self._of_rows(visit)
        rows, since = self._rows(visit, talks)
        which, alone = _which(visit), visit.text("row")
        found = _chosen(rows, visit, alone)
        if alone and not found:
            raise Forbidden(alone)
        page = visit.whole("page", 1, MOST_PAGES, 1)
        shown = found[(page - 1) * ROWS : page * ROWS]
        manages = visit.scope.role in MANAGERS
        view = needs.NeedsView(
            rows=shown,
            counts={one: sum(needs.fits(row, one) for row in rows) for one in needs.WHICH},
            which=which,
            text=visit.text("q"),
            supplier=visit.text("supplier"),
            suppliers=sorted({row.supplier for row in rows if row.supplier is not None}),
            names=self._talks.names(visit.scope, visit.site),
            page=page,
            pages=-(-len(found) // ROWS),
            since=since.at,
            threads=self._threads(visit, shown, talks, since),
            sender=sender_of(visit),
            speaks=self._talks.may_speak(visit.scope),
            order=(lambda order: visit.href(f"/orders/{segment(order)}")) if manages else None,
            alone=alone is not None,
        )
        return needs.layout(view, visit.href, visit.t)

    def sheets(self, visit: PartyVisit) -> Sequence[Sheet]:
        """Return what the filters leave."""
        rows, _ = self._rows(visit, self._of_rows(visit))
        names = self._talks.names(visit.scope, visit.site)
        return (needs.sheet(_chosen(rows, visit, visit.text("row")), names, visit.t),)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _rows(self, visit: PartyVisit, talks: Mapping[str, Talk]) -> tuple[list[Supply], Before]:
        """Return all rows, with what suppliers did since the viewer's last visit."""
        kinds = (Kind.NEED, Kind.OPERATION)
        rows = [row for kind in kinds for row in supplies(kind, visit.rows(kind))]
        try:
            before = self._visits.look(
                visit.scope, visit.actor, visit.site, BOARD, seen_of(rows), visit.now
            )
        except Unavailable:
            before = Before()
        marked = compared(rows, before.seen)
        return [_talked(row, talks.get(row.asked.key or ""), before) for row in marked], before

    def _of_rows(self, visit: PartyVisit) -> Mapping[str, Talk]:
        """Return the threads of rows in short; none while SQL can't be asked."""
        try:
            return self._talks.of_rows(visit.scope, visit.site)
        except Unavailable:
            return {}

    def _threads(
        self, visit: PartyVisit, rows: Sequence[Supply], talks: Mapping[str, Talk], before: Before
    ) -> dict[str, list[Said]]:
        """Return what was said about rows, by their keys; nothing while SQL can't be asked."""
        keys = [row.asked.key for row in rows]
        wanted = {key: talks[key] for key in keys if key is not None and key in talks}
        try:
            said = self._talks.threads(visit.scope, visit.site, wanted)
        except Unavailable:
            return {}
        return {key: [told(one, before) for one in comments] for key, comments in said.items()}


def told(one: Comment, before: Before | None = None) -> Said:
    """Return a comment as the factory reads it."""
    own = one.side == "factory"
    since = None if before is None else before.at
    fresh = not own and since is not None and one.at > since
    return Said(author=one.author, own=own, at=one.at, words=one.words, fresh=fresh)


def sender_of(visit: PartyVisit) -> Sender:
    """Return what the forms carry."""
    return Sender(
        site=visit.site, timezone=visit.timezone, csrf=visit.csrf,
        token=secrets.token_urlsafe(12), back=visit.href(), now=visit.now, actions=ACTIONS,
    )  # fmt: skip


def _which(visit: PartyVisit) -> str:
    return visit.choice("which", tuple(needs.WHICH), "open")


def _chosen(rows: Sequence[Supply], visit: PartyVisit, alone: str | None) -> list[Supply]:
    """Return the rows that the address asks for, those that need somebody first."""
    if alone is not None:
        return [row for row in rows if row.asked.key == alone]
    words, supplier = (visit.text("q") or "").casefold(), visit.text("supplier")
    which = _which(visit)
    found = [
        row
        for row in rows
        if needs.fits(row, which)
        and supplier in (None, row.supplier)
        and words in " ".join((row.asked.item, row.asked.name, row.asked.order or "")).casefold()
    ]
    return sorted(found, key=place)


def _talked(row: Supply, talk: Talk | None, before: Before) -> Supply:
    """Return a row with what was said about it."""
    if talk is None:
        return row
    heard = talk.unanswered and before.at is not None and talk.last.at > before.at
    one = replace(row.asked, heard_at=talk.last.at) if heard else row.asked
    return replace(row, asked=one, unanswered=talk.unanswered, comments=talk.count)
