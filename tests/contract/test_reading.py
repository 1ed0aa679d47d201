"""What programs read through the API, on real engines: each role its own rows and nothing else."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from callbacks import reading as reading_module
from callbacks.api import Api
from callbacks.gate import Gate
from callbacks.hub import ChannelKey, Hub
from callbacks.looks import Looks
from callbacks.reading import PATHS, ReadingApi
from callbacks.row_stream import CHANGED
from data.connectors.plan_files import read_plan, template
from data.domain.audit import Action
from data.domain.facts import LINE, LineBottleneck
from data.domain.plan import MaterialNeed, Milestone
from data.domain.policy import FIELDS, Kind, Treatment
from data.domain.scope import Role
from data.services import keys as keys_module
from data.services.audit import Audit, Search
from data.services.boards import Boards
from data.services.disclosures import Disclosures
from data.services.identity import Identity
from data.services.keys import KNOWN_FOR_S, READERS, Keys
from data.services.reading import Reading
from data.services.sealing import Box
from data.store.audit import AuditStore
from data.store.disclosures import DisclosureStore
from data.store.keys import KeyStore
from data.store.people import PeopleStore
from tests.contract.world import (
    FACTORY,
    NOW,
    PLANT,
    World,
    completed,
    envelope,
    good,
    order,
    plan_document,
    process,
)
from tests.people import header, signed_in

SECRET = b"0123456789abcdef0123456789abcdef"
PARTIES = {Role.SUPPLIER: "P1", Role.CUSTOMER: "B1", Role.LOGISTICS: "L1"}
# What stands in a rival's order, and in what each role may not know of its own.
RIVAL = ("RIVAL-ORDER", "rival-part", "rival-product", "RIVAL-BUYER", "P2", "RIVAL-CARRIER")
HIDDEN = {
    Role.SUPPLIER: ("OWN-ORDER", "own-product", "B1", "L1"),
    Role.CUSTOMER: ("own-part", "P1", "L1", "W1"),
    Role.LOGISTICS: ("own-part", "P1", "W1", "own-product"),
}
QUERIES = (
    "/orders", "/operations", "/milestones", "/needs", "/orders/OWN-ORDER", "/orders/RIVAL-ORDER",
    "/orders?order=OWN-ORDER", "/needs?order=RIVAL-ORDER", "/needs?standing=late", "/bottleneck",
    "/bottleneck?area=A", "/needs?limit=1", "/orders?cursor=x", "/orders?site=elsewhere",
)  # fmt: skip


class Program:
    """One process's API, asked with one key or one session."""

    def __init__(self, app: Flask, world: World, headers: dict[str, str]) -> None:
        self.http: FlaskClient = app.test_client(use_cookies=False)
        self.world = world
        self.headers = headers

    def get(self, path: str, **headers: str) -> Any:
        return self.http.get(f"/api/v1{path}", headers={**self.headers, **headers})

    def rows(self, path: str) -> list[dict[str, Any]]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json[path.strip("/").partition("?")[0]]

    def stream(self, last_id: str = "", site: str = PLANT.id) -> Iterator[bytes]:
        headers = {**self.headers, **({"Last-Event-ID": last_id} if last_id else {})}
        answer = self.http.get(f"/api/v1/stream?site={site}", headers=headers, buffered=False)
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "text/event-stream"
        return iter(answer.response)


class Desk:
    """Everything behind the API, and keys for whoever asks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hub = Hub("build", interval_s=0.0)
        self.keys = Keys(KeyStore(world.sql), world.clock)
        self.disclosures = Disclosures(DisclosureStore(world.sql), SECRET)
        self.boards = Boards(self.disclosures)
        self.audit = Audit(AuditStore(world.sql), SECRET, world.clock)
        self.followed: list[tuple[ChannelKey, str]] = []
        reading = Reading(world.sites, self.boards, lambda: None)
        api = ReadingApi(
            reading, self.boards, self.keys, Looks(self.audit), self.hub,
            lambda key, party: self.followed.append((key, party)),
        )  # fmt: skip
        ingest = Api(
            world.ingest, world.sites, self.keys, world.log, read_plan, template, world.clock
        )
        self.app = Flask("test")
        people = Identity(PeopleStore(world.sql), lambda: datetime.now(UTC), Box(bytes(32)))
        Gate(people, world.sites.ids, {}).register(self.app)
        self.app.register_blueprint(api.blueprint())
        self.app.register_blueprint(ingest.blueprint())

    def program(self, role: Role, party: str | None = None, site: str = PLANT.id) -> Program:
        key = self.keys.create_reader(site, role, party or PARTIES.get(role))
        return self.holding(key)

    def holding(self, key: str) -> Program:
        return Program(self.app, self.world, {"Authorization": f"Bearer {key}"})

    def reader(self, role: Role, party: str | None = None) -> Program:
        token = signed_in(self.world.database_url, role, party or PARTIES.get(role))
        return Program(self.app, self.world, header(token))

    def happened(self, *envelopes: Any) -> None:
        assert set(self.world.said(*envelopes)) == {"accepted"}
        self.world.live()


def plan(name: str, supplier: str, buyer: str, carrier: str, word: str) -> Any:
    made = order(name, "10", "20", customer=buyer, shipped_by=carrier)
    need = MaterialNeed(
        id="n1", part=f"{word}-part", operation="10", supplier=supplier, quantity=5, need_by=NOW
    )
    packed = Milestone(id="packed", name="Packed", operation="20", baseline_at=NOW)
    return msgspec.structs.replace(
        made, product=f"{word}-product", needs=(need,), milestones=(packed,)
    )


def open_plant(world: World) -> None:
    parties = [
        {"id": one, "name": one, "kind": kind}
        for one, kind in (
            ("P1", "supplier"), ("P2", "supplier"), ("B1", "customer"),
            ("RIVAL-BUYER", "customer"), ("L1", "logistics"), ("RIVAL-CARRIER", "logistics"),
        )
    ]  # fmt: skip
    site = msgspec.to_builtins(PLANT) | {"parties": parties}
    world.log.announce(PLANT.id)
    world.accept(envelope("site", "plan.changed", "site/plant", {"site": site}))
    own = plan("OWN-ORDER", "P1", "B1", "L1", "own")
    rival = plan("RIVAL-ORDER", "P2", "RIVAL-BUYER", "RIVAL-CARRIER", "rival")
    assert set(world.said(plan_document(own), plan_document(rival))) == {"accepted"}
    world.live()


@pytest.fixture
def desk(redis_url: str, database_url: str) -> Iterator[Desk]:
    with process(redis_url, database_url) as world:
        open_plant(world)
        yield Desk(world)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(keys_module.time, "monotonic", lambda: now[0])
    return now


def events(chunk: bytes) -> list[dict[str, str]]:
    blocks = [block for block in chunk.decode().split("\n\n") if "event: " in block]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def said(chunk: bytes) -> list[dict[str, Any]]:
    """The CloudEvents of a chunk."""
    return [msgspec.json.decode(one["data"]) for one in events(chunk)]


def test_the_factorys_programs_read_every_field_of_every_row(desk: Desk) -> None:
    program = desk.program(Role.MANAGER)
    assert program.rows(f"/{PATHS[Kind.EXCEPTION]}") == []  # nobody watches this site
    for kind, path in PATHS.items():
        if kind is Kind.EXCEPTION:
            continue
        rows = program.rows(f"/{path}")
        assert {row["order"] for row in rows} == {"OWN-ORDER", "RIVAL-ORDER"}
        assert set(rows[0]) <= set(FIELDS[kind])
    due = program.rows("/orders")[0]["due_at"]
    assert due.endswith("Z") and datetime.fromisoformat(due)


def check_canaries(program: Program, role: Role) -> None:
    for query in QUERIES:
        answer = program.get(query)
        assert answer.status_code != 401
        told = answer.text + str(answer.headers)
        if "next" in (answer.json or {}) and answer.json["next"]:
            told += base64.urlsafe_b64decode(answer.json["next"] + "==").decode()
        asked = query.partition("=")[2]
        for canary in (*RIVAL, *HIDDEN[role]):
            assert canary not in told or canary == asked, (role, query, canary)
    stream = program.stream()
    shown = next(stream).decode()
    stream.close()
    for canary in (*RIVAL, *HIDDEN[role]):
        assert canary not in shown, (role, canary)
    assert CHANGED in shown


def test_no_answer_holds_a_word_of_a_rivals_order_or_of_what_is_masked(desk: Desk) -> None:
    for role in PARTIES:
        check_canaries(desk.program(role), role)
        check_canaries(desk.reader(role), role)


def test_a_party_that_has_nothing_to_do_with_an_order_reads_nothing(desk: Desk) -> None:
    others = (
        (Role.SUPPLIER, "P9"), (Role.CUSTOMER, "P1"), (Role.LOGISTICS, "B1"), (Role.SUPPLIER, "B1")
    )  # fmt: skip
    for role, party in others:
        program = desk.program(role, party)
        assert [program.rows(f"/{path}") for path in PATHS.values()] == [[]] * len(PATHS)
        assert program.get("/orders/OWN-ORDER").status_code == 404


def test_an_order_is_found_by_the_name_that_the_viewer_knows(desk: Desk) -> None:
    supplier = desk.program(Role.SUPPLIER)
    (need,) = supplier.rows("/needs")
    whole = supplier.get(f"/orders/{need['order']}").json
    assert whole["needs"] == [need]
    assert whole["order"] is None
    assert supplier.rows(f"/needs?order={need['order']}") == [need]
    assert supplier.get("/orders/OWN-ORDER").json == supplier.get("/orders/NO-ORDER").json


def test_the_bottleneck_is_for_those_who_see_everything_of_the_site(desk: Desk) -> None:
    found = LineBottleneck(
        area="A", as_of=NOW, work_unit="W1", since=NOW, today=(), clear=None, reason=None
    )
    live = desk.world.sites.get(FACTORY, PLANT.id)
    live.take_facts({f"{LINE}/A": msgspec.json.encode(found)}, whole=False)
    (line,) = desk.program(Role.PLANNER).get("/bottleneck?area=A").json["lines"]
    assert (line["work_unit"], line["since"]) == ("W1", "2026-11-03T06:00:00Z")
    assert desk.program(Role.PLANNER).get("/bottleneck?area=Z").status_code == 404
    for role in set(READERS) - {Role.PLANNER, Role.MANAGER}:
        assert desk.program(role).get("/bottleneck").status_code == 404, role


def test_pages_follow_on_each_other(desk: Desk) -> None:
    program = desk.program(Role.MANAGER)
    shown, cursor = [], ""
    while True:
        answer = program.get(f"/operations?limit=1{cursor}").json
        shown += [(row["order"], row["operation"]) for row in answer["operations"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert shown == [
        ("OWN-ORDER", "10"), ("OWN-ORDER", "20"), ("RIVAL-ORDER", "10"), ("RIVAL-ORDER", "20"),
    ]  # fmt: skip


UNREADABLE = (
    ("limit=0", "limit"),
    ("limit=1001", "limit"),
    ("limit=x", "limit"),
    ("limit=²", "limit"),
    ("standing=sad", "standing"),
    ("cursor=nonsense", "cursor"),
    ("wrong=1", "wrong"),
    ("order=a&order=b", "order"),
    ("order=" + "x" * 501, "order"),
    ("limit=" + "9" * 400, "limit"),
)


def test_a_parameter_that_cant_be_read_is_named(desk: Desk) -> None:
    program = desk.program(Role.MANAGER)
    for query, field in UNREADABLE:
        answer = program.get(f"/orders?{query}")
        assert (answer.status_code, answer.json["field"]) == (400, field), query
        assert answer.mimetype == "application/problem+json"


def test_who_may_not_see_a_site_is_told_no_more_than_that_there_is_none(desk: Desk) -> None:
    stranger = desk.program(Role.MANAGER, site="elsewhere")
    for path in ("/orders", "/needs", "/bottleneck", "/stream", "/orders/OWN-ORDER"):
        there, nowhere = (stranger.get(f"{path}?site={site}") for site in (PLANT.id, "nowhere"))
        assert (there.status_code, there.json) == (404, nowhere.json)
    unsaid = desk.reader(Role.ADMINISTRATOR).get("/orders")
    assert unsaid.status_code == 200


def test_without_a_key_or_session_there_is_nothing(desk: Desk) -> None:
    for headers in ({}, {"Authorization": "Bearer mp_x"}, {"Authorization": "Basic eDp5"}):
        for path in (*PATHS.values(), "orders/OWN-ORDER", "bottleneck", "stream"):
            answer = Program(desk.app, desk.world, headers).get(f"/{path}")
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_that_reports_reads_nothing_and_one_that_reads_reports_nothing(desk: Desk) -> None:
    source = desk.holding(desk.keys.create(PLANT.id, "mes"))
    assert source.get("/orders").status_code == 403
    for role in READERS:
        program = desk.program(role)
        sent = {"source": "urn:milepost:party:P1"}
        body = msgspec.json.encode(good("x", subject="operation/OWN-ORDER/10") | sent)
        answer = program.http.post(
            "/api/v1/events", data=body, content_type="application/cloudevents+json",
            headers=program.headers,
        )  # fmt: skip
        assert answer.status_code == 403


def test_another_policy_holds_within_seconds(desk: Desk, seconds: list[float]) -> None:
    supplier = desk.program(Role.SUPPLIER)
    assert "quantity" in supplier.rows("/needs")[0]
    hidden = {(Kind.NEED, "quantity"): Treatment.HIDE}
    manager = msgspec.structs.replace(FACTORY, role=Role.MANAGER)
    desk.disclosures.change(manager, PLANT.id, Role.SUPPLIER, None, hidden)
    seconds[0] += 5.0
    assert "quantity" not in supplier.rows("/needs")[0]


def test_what_a_party_is_given_is_in_the_audit_trail_once(desk: Desk) -> None:
    supplier = desk.program(Role.SUPPLIER)
    for _ in range(3):
        supplier.rows("/needs")
    supplier.stream().close()
    scope = msgspec.structs.replace(FACTORY, role=Role.AUDITOR)
    found, _ = desk.audit.search(scope, Search(sites=(PLANT.id,), action=Action.SAW))
    seen = {one.deed.subject: one.deed for one in found}
    assert sorted(one.deed.subject for one in found) == ["api/needs", "api/stream"]
    assert seen["api/needs"].party == "P1"
    assert seen["api/needs"].detail["count"] == 1
    assert seen["api/needs"].actor.startswith("key/")


def test_a_stream_begins_with_everything_and_goes_on_with_what_changed(desk: Desk) -> None:
    stream = desk.program(Role.MANAGER).stream()
    first = said(next(stream))
    assert first[0]["type"] == "milepost.snapshot.began"
    rows = [one for one in first if one["type"] == CHANGED]
    assert first[0]["data"]["rows"] == len(rows) == 2 * (1 + 2 + 1 + 1)
    assert {one["specversion"] for one in first} == {"1.0"}
    desk.happened(good("g1", subject="operation/OWN-ORDER/10"))
    desk.hub.on_change(PLANT.id, 1)
    (moved,) = said(next(stream))
    assert (moved["type"], moved["subject"]) == (CHANGED, "operation/OWN-ORDER/10")
    assert (moved["source"], moved["data"]["good"]) == ("urn:milepost:site:plant", 1)
    stream.close()


def test_a_stream_goes_on_after_the_last_id_with_exactly_what_was_missed(desk: Desk) -> None:
    program = desk.program(Role.MANAGER)
    stays, leaves = program.stream(), program.stream()
    next(stays)
    last_id = events(next(leaves))[-2]["id"]
    leaves.close()
    desk.happened(good("g1", subject="operation/OWN-ORDER/10"))
    desk.hub.on_change(PLANT.id, 1)
    missed = next(stays)
    back = program.stream(last_id)
    again = said(next(back))
    assert [one for one in again if one["type"] == CHANGED] == said(missed)
    assert "milepost.snapshot.began" not in {one["type"] for one in again}
    stays.close()
    back.close()


def test_a_partys_stream_is_told_of_what_concerns_it_alone(desk: Desk) -> None:
    stream = desk.program(Role.CUSTOMER).stream()
    next(stream)
    ((key, party),) = desk.followed
    assert party == "B1"
    desk.hub.on_change(PLANT.id, 1)
    (channel,) = desk.hub._channels.values()
    assert not channel._waiting
    desk.happened(good("g1", subject="operation/RIVAL-ORDER/10"))
    desk.hub.touch(key, 1)
    desk.happened(*(done(name) for name in ("10", "20")))
    desk.hub.touch(key, 1)
    moved = said(next(stream))
    assert {one["subject"] for one in moved} == {"order/OWN-ORDER", "milestone/OWN-ORDER/packed"}
    stream.close()


def done(name: str) -> dict[str, Any]:
    return completed(f"done-{name}", f"operation/OWN-ORDER/{name}")


def test_a_stream_ends_when_its_key_is_revoked(desk: Desk, seconds: list[float]) -> None:
    key = desk.keys.create_reader(PLANT.id, Role.SUPPLIER, "P1")
    stream = desk.holding(key).stream()
    next(stream)
    assert KeyStore(desk.world.sql).revoke(key.split("_")[1], NOW)
    seconds[0] += KNOWN_FOR_S + 1
    desk.hub.tick()
    assert list(stream) == []


def test_the_description_is_open_and_holds_nothing_of_a_site(desk: Desk) -> None:
    answer = Program(desk.app, desk.world, {}).get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json["openapi"] == "3.1.0"
    assert not any(canary in answer.text for canary in (*RIVAL, "OWN-ORDER"))


def test_nobody_holds_more_than_some_streams_and_a_closed_one_counts_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_module, "MOST_STREAMS", 2)
    program, other = desk.program(Role.MANAGER), desk.program(Role.MANAGER)
    streams = [program.stream(), program.stream()]
    for stream in streams:
        next(stream)
    refused = program.get("/stream")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert other.get("/orders").status_code == 200
    other.stream().close()
    streams[0].close()
    again = program.stream()
    next(again)
    again.close()
    streams[1].close()
