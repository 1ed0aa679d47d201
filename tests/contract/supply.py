"""A served site with a supplier's board and the factory's side of it, on real engines.

`Stage` is the browser of one person after the other; `come` says who is next.
"""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import dash
import msgspec
from flask import Blueprint

from callbacks.desk.need_acts import NeedActs
from callbacks.desk.needs import NeedsPage
from callbacks.desk.party_visit import PartyVisits
from callbacks.desk.shell import Shell
from callbacks.desk.supplier import SupplierPage
from callbacks.desk.supplier_acts import SupplierActs
from callbacks.hub import Hub
from callbacks.parties import Parties
from callbacks.walls import Walls
from callbacks.web import build
from data.connectors import need_files
from data.domain.audit import Action
from data.domain.plan import MaterialNeed, Operation
from data.domain.scope import Role, Scope
from data.domain.site import Party, PartyKind
from data.services.boards import Boards
from data.services.comments import Comments
from data.services.disclosures import Disclosures
from data.services.need_talks import NeedTalks
from data.services.supplying import Supplying
from data.services.visits import Visits
from data.store.comments import CommentStore
from data.store.disclosures import DisclosureStore
from data.store.visits import VisitStore
from layouts import ids
from layouts.screens import Screens
from tests.contract.world import NOW, PLANT, World, order, plan_document, process, site_document
from tests.unit.fakes import Entrance, csrf_of

SITE = msgspec.structs.replace(
    PLANT,
    parties=tuple(
        Party(id=name, name=f"{name} Ltd", kind=kind)
        for name, kind in (
            ("P1", PartyKind.SUPPLIER), ("CANARY-RIVAL", PartyKind.SUPPLIER),
            ("CANARY-BUYER", PartyKind.CUSTOMER), ("CANARY-CARRIER", PartyKind.LOGISTICS),
        )
    ),
)  # fmt: skip
SOON = NOW + timedelta(days=1)
DIALOG = [("_pages_content", "children"), ("_pages_store", "data")]
LOCATION = [("_pages_location", "pathname"), ("_pages_location", "search")]


def need(name: str, part: str, supplier: str, quantity: int = 100) -> MaterialNeed:
    return MaterialNeed(
        id=name, part=part, operation="CANARY-STEP", supplier=supplier, quantity=quantity,
        need_by=SOON, name=f"{part} of steel",
    )  # fmt: skip


def step(name: str, party: str | None = None) -> Operation:
    return Operation(
        id=name, work_center="C", planned_start=NOW - timedelta(hours=1), planned_finish=SOON,
        performed_by=party, name=f"step {name}",
    )  # fmt: skip


OWN = msgspec.structs.replace(
    order("CANARY-ORDER", customer="CANARY-BUYER", shipped_by="CANARY-CARRIER"),
    product="CANARY-PRODUCT",
    operations=(step("CANARY-STEP"), step("30", "P1")),
    needs=(
        need("n1", "bolt", "P1"),
        need("n2", "nut", "P1"),
        need("n3", "CANARY-PART", "CANARY-RIVAL"),
    ),
)
OTHER = msgspec.structs.replace(
    order("CANARY-OTHER", customer="CANARY-BUYER"),
    product="CANARY-PRODUCT",
    operations=(step("CANARY-STEP"), step("40", "CANARY-RIVAL")),
    needs=(need("n1", "CANARY-PART", "CANARY-RIVAL"),),
)


class Silent:
    """Routes of which there are none."""

    def blueprint(self) -> Blueprint:
        return Blueprint(f"silent{id(self)}", __name__)

    def is_ready(self) -> bool:
        return True


class Stage:
    """A served site, and the browser of one supplier."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entrance = Entrance(world.clock)
        sites, audit = world.sites, self.entrance.audit
        disclosures = Disclosures(DisclosureStore(world.sql), b"a secret of the tests alone")
        self.boards = Boards(disclosures)
        self.hub = Hub("b")
        self.live = Parties(self.hub, sites, self.boards)
        self.comments = Comments(CommentStore(world.sql))
        supplying = Supplying(sites, self.boards, disclosures, world.ingest, audit)
        self.talks = NeedTalks(supplying, self.comments, audit, self._told)
        visits = Visits(VisitStore(world.sql))
        pages = (SupplierPage(self.talks, visits), NeedsPage(self.talks, visits))
        acts = SupplierActs(supplying, self.talks, need_files.read, "en")
        shell = Shell(sites, pages, None, "en", parties=PartyVisits(self.boards, audit))
        walls = Walls(sites, Screens(named={}, defaults={}), "b")
        more = (self.live.blueprint(), acts.blueprint(), NeedActs(self.talks, "en").blueprint())
        self.server = build(
            walls, self.hub, Silent(), Silent(), self.entrance.entry, "en", shell, more
        )
        self.come("P1")

    def _told(self, site: str, parties: Collection[str]) -> None:
        for party in parties:
            self.live.touch(site, party)

    def come(self, party: str, role: Role = Role.SUPPLIER) -> None:
        """Go on as somebody else."""
        self.client = self.server.test_client()
        login = f"{role}.{party}@works.example".lower()
        account = self.entrance.account(role, party or None, login)
        session = self.entrance.identity.open_session(account)
        self.client.set_cookie("milepost", session.token)
        self.token = csrf_of(self.client)

    def page(self, search: str = "?lang=en", path: str = "/supplier") -> str:
        body = callback(DIALOG, LOCATION, (path, search))
        answer = self.client.post(
            "/_dash-update-component", json=body, headers={"X-CSRFToken": self.token}
        )
        return answer.text

    def renewed(self, search: str = "?lang=en") -> str:
        outputs = [(str(ids.Desk.BODY), "children"), (str(ids.Desk.STATUS), "children")]
        wish = {"path": "/supplier", "search": search, "wish": 1}
        body = callback(outputs, [(str(ids.Desk.LIVE), "data")], (wish,))
        answer = self.client.post(
            "/_dash-update-component", json=body, headers={"X-CSRFToken": self.token}
        )
        return answer.text

    def act(self, what: str, key: str = "", token: str = "a-token-of-tests", **more: Any) -> Any:
        form = {"site": "plant", "key": key, "token": token, "csrf_token": self.token, **more}
        kind = {"Accept": "application/json", "X-CSRFToken": self.token}
        return self.client.post(f"/supplier/act/{what}", data=form, headers=kind)

    def say(self, key: str, words: str) -> Any:
        """Write something to a supplier, for the factory."""
        form = {"site": "plant", "key": key, "words": words, "csrf_token": self.token}
        kind = {"Accept": "application/json", "X-CSRFToken": self.token}
        return self.client.post("/needs/act/comment", data=form, headers=kind)

    def rows(self, party: str = "P1") -> dict[str, dict[str, Any]]:
        """What the board discloses of needs and operations, by part or name."""
        live = self.world.live()
        scope = Scope(role=Role.SUPPLIER, sites=("plant",), party=party)
        live.renew()
        found = {}
        for kind in ("need", "operation"):
            for row in self.boards.rows(scope, live, live.indexes.parties, kind):
                found[row.get("part") or row["name"]] = row
        return found

    def key(self, item: str, party: str = "P1") -> str:
        row = self.rows(party)[item]
        mark, own = ("n", row["need"]) if "need" in row else ("o", row["operation"])
        return f"{mark}~{row['order']}~{own}"

    def deeds(self, action: Action) -> list[Any]:
        return [deed for deed in self.entrance.deeds() if deed.action is action]


def callback(outputs: Any, inputs: Any, values: Any) -> dict[str, Any]:
    return {
        "output": ".." + "...".join(f"{name}.{prop}" for name, prop in outputs) + "..",
        "outputs": [{"id": name, "property": prop} for name, prop in outputs],
        "inputs": [
            {"id": name, "property": prop, "value": value}
            for (name, prop), value in zip(inputs, values, strict=True)
        ],
        "changedPropIds": [f"{name}.{prop}" for name, prop in inputs],
    }


def still_texts(answer: str) -> str:
    """The texts of what a page sends as one value, which no browser reads as HTML."""
    found = re.findall(r'"data-still": ?("(?:[^"\\]|\\.)*")', answer)
    return " ".join(json.loads(one) for one in found)


@contextmanager
def staged(redis_url: str, database_url: str) -> Iterator[Stage]:
    """Serve the site with its orders, and close it."""
    dash.page_registry.clear()
    with process(redis_url, database_url) as world:
        world.log.announce("plant")
        world.accept(site_document(SITE), plan_document(OWN), plan_document(OTHER))
        world.live()
        yield Stage(world)
    dash.page_registry.clear()
