"""A site in memory, followed by nobody, with pages that record what they were asked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from dash import Dash, html
from dash.development.base_component import Component

from callbacks.desk.shell import Shell
from callbacks.desk.visit import Visit
from callbacks.gate import Viewer
from data.domain.board import Board
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.rules import parse_event
from data.domain.scope import Role, Scope
from data.domain.site import Area, Calendar, Party, PartyKind, Shift, Site, WorkCenter, WorkUnit
from data.services.errors import Forbidden
from data.services.live import LiveSite
from data.services.views import SiteView
from layouts.sheets import Sheet

NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
TAIPEI = "Asia/Taipei"


class Nothing:
    """A log and a history in which nothing ever is."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_: None


def site(name: str = "north", **more: Any) -> Site:
    return Site(
        id=name,
        name=name.title(),
        timezone=TAIPEI,
        areas=(Area(id="A", calendar="day", name="Line A"), Area(id="B", calendar="day")),
        work_centers=(WorkCenter(id="CA", area="A"), WorkCenter(id="CB", area="B")),
        work_units=(WorkUnit(id="U1", work_center="CA"),),
        calendars=(Calendar(id="day", shifts=(Shift(name="d", start="06:00", finish="22:00"),)),),
        parties=(Party(id="P1", name="Aurelia Telecom", kind=PartyKind.CUSTOMER),),
        **more,
    )


def order(name: str, due: timedelta = timedelta(days=2), **more: Any) -> Order:
    """An order of two steps that the plan ends two hours before it is due."""
    start = NOW
    finish = NOW + due - timedelta(hours=2)
    center = more.pop("center", "CA")
    operations = (
        Operation(id="10", work_center=center, planned_start=start, planned_finish=finish),
        Operation(id="20", work_center=center, planned_start=start, planned_finish=finish),
    )
    needs = more.pop("needs", ())
    return Order(
        id=name, product=more.pop("product", "pump"), quantity=50, due_at=NOW + due,
        operations=operations, needs=needs, **more,
    )  # fmt: skip


def need(part: str) -> MaterialNeed:
    return MaterialNeed(
        id="n1", part=part, operation="10", supplier="P2", quantity=1, need_by=NOW, name="cast"
    )


def live_site(model: Site | None = None, orders: Sequence[Order] = ()) -> LiveSite:
    """A live board with a site's model and orders on it."""
    model = model or site()
    live = LiveSite(model.id, Nothing(), Nothing(), lambda: NOW)  # type: ignore[arg-type]
    _fold(live.board, f"site/{model.id}", {"site": msgspec.to_builtins(model)})
    for one in orders:
        _fold(live.board, f"order/{one.id}", {"order": msgspec.to_builtins(one)})
    live.renew()
    live.indexes.refresh(NOW)
    live.loaded = True
    return live


def _fold(board: Board, subject: str, data: dict[str, Any]) -> None:
    envelope = {
        "specversion": "1.0", "id": subject, "source": "mes", "type": "plan.changed",
        "subject": subject, "time": (NOW - timedelta(hours=5)).isoformat(), "data": data,
    }  # fmt: skip
    board.apply(parse_event(envelope, NOW))


def manager_of(*sites: str, role: Role = Role.MANAGER, party: str | None = None) -> Viewer:
    """Someone who may see all of these sites."""
    return Viewer(scope=Scope(role=role, sites=sites, party=party), actor="account/1", name="May")


class Places:
    """Sites as the shell asks for them."""

    def __init__(self, *lives: LiveSite) -> None:
        self._lives = {live.site: live for live in lives}

    def ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._lives))

    @property
    def loaded(self) -> bool:
        return all(live.loaded for live in self._lives.values())

    def watched(self, scope: Scope, name: str) -> LiveSite:
        if name not in self._lives or not scope.may_watch(name):
            raise Forbidden(name)
        return self._lives[name]

    def all(self, scope: Scope) -> list[LiveSite]:
        return [self._lives[name] for name in self.ids() if scope.may_see(name)]

    def everywhere(self) -> list[LiveSite]:
        return list(self._lives.values())

    def disclosing(self, scope: Scope) -> list[LiveSite]:
        return [self._lives[name] for name in self.ids() if scope.may_see_rows(name)]

    def get(self, scope: Scope, name: str) -> LiveSite:
        if name not in self._lives or not scope.may_see(name):
            raise Forbidden(name)
        return self._lives[name]


class Past:
    """Boards of the past: the live one, dated back."""

    def __init__(self, live: LiveSite) -> None:
        self._live = live
        self.asked: list[tuple[str, datetime]] = []

    def at(self, scope: Scope, name: str, at: datetime) -> SiteView:
        self.asked.append((name, at))
        return self._live


class Recorded:
    """A page that shows whom it was drawn for; `trouble` is raised instead."""

    topics = 1

    def __init__(self, name: str = "orders", path: str = "/orders") -> None:
        self.name = name
        self.path = path
        self.visits: list[Visit] = []
        self.trouble: Exception | None = None
        self.tables: tuple[Sheet, ...] = ()

    def title(self, t: Any) -> str:
        return self.name.title()

    def body(self, visit: Visit) -> Component:
        self.visits.append(visit)
        if self.trouble is not None:
            raise self.trouble
        return html.P(f"body of {self.name} at {visit.site}")

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        if self.trouble is not None:
            raise self.trouble
        return self.tables

    def register(self, app: Dash) -> None:
        """Nothing."""


def shell(
    *pages: Any, lives: Sequence[LiveSite] | None = None, past: Any = None,
    who: Viewer | None = None,
) -> Shell:  # fmt: skip
    known = [live_site()] if lives is None else lives
    seen = who or manager_of(*(live.site for live in known), "elsewhere")
    return Shell(Places(*known), pages or (Recorded(),), past, "en", lambda: seen)  # type: ignore[arg-type]


def texts(tree: Any) -> list[str]:
    """Every text of a component tree."""
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, list | tuple):
        return [text for part in tree for text in texts(part)]
    children = getattr(tree, "children", None)
    return [] if children is None else texts(children)


def hrefs(tree: Any) -> list[str]:
    return [part.href for part in tree._traverse() if getattr(part, "href", None)]
