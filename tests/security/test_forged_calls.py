"""Callbacks called with whatever can be sent: never the server's fault, never another's row."""

import copy
import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from data.domain.scope import Role
from tests.security import yard
from tests.security.test_crawl import bodies
from tests.security.yard import OWN, RIVAL, YARD, Word

SEED, EACH = 20261122, 12
WORDS = [Word(RIVAL, what).text for what in yard.WORDS]
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 2**63, 10**400, 1e308, "", "\x00", "x" * 5000, "\ud800", "../../etc",
    "<script>", "' OR 1=1 --", "%00", "javascript:alert(1)", [], [[]], {}, {"path": 1}, [None] * 50,
    {"path": "/orders", "search": f"?site={YARD}&q={WORDS[0]}"}, {"search": "?site[]=1&site=2"},
    {"path": f"/orders/{WORDS[0]}", "search": f"?site={YARD}&at=2026-11-01"}, {"search": "?page=x"},
    {"path": "/supplier", "search": f"?site={YARD}&row={WORDS[9]}&which=all"},
    {"search": f"?site={YARD}", "order": WORDS[0], "operation": WORDS[4]},
    {"width": float("nan"), "rows": "many"}, {"width": 1e99, "rows": -5}, {"$ne": None},
    {"id": {"type": "x", "index": "*"}}, {"_type": "Div", "props": {}}, *WORDS[:3],
]  # fmt: skip
IDS: list[Any] = [
    "no-such-element", "", 7, None, {"type": "row", "index": ["MATCH"]}, '{"index":["ALL"]}',
    {"type": WORDS[0], "index": 0}, "_pages_location", "desk-body", ["desk-live"],
]  # fmt: skip


def with_values(body: dict[str, Any], chance: random.Random) -> None:
    for one in [*body["inputs"], *body["state"]]:
        one["value"] = chance.choice(VALUES)


def with_other_ids(body: dict[str, Any], chance: random.Random) -> None:
    many = chance.choice([body["inputs"], body["state"] or body["inputs"]])
    chance.choice(many)["id"] = chance.choice(IDS)


def with_other_outputs(body: dict[str, Any], chance: random.Random) -> None:
    body["outputs"] = chance.choice(
        [None, [], {}, "x", [{"id": chance.choice(IDS), "property": "children"}], [[1]]]
    )


def with_another_output(body: dict[str, Any], chance: random.Random) -> None:
    body["output"] = chance.choice(
        ["x.children", "", 7, None, "..", "a.b@c", ["desk-body.children"]]
    )


def with_other_triggers(body: dict[str, Any], chance: random.Random) -> None:
    body["changedPropIds"] = chance.choice(
        ["x", ["x.y"], [7], [{"id": 1}], None, ['{"index":0}.data'], ["desk-body.children"] * 9]
    )


def without_a_part(body: dict[str, Any], chance: random.Random) -> None:
    del body[chance.choice([*body])]


def nested_otherwise(body: dict[str, Any], chance: random.Random) -> None:
    body[chance.choice(["inputs", "state"])] = chance.choice(
        [None, {}, "x", [[]], [None], [7], [body["inputs"]], {"id": "x", "property": "y"}]
    )


CHANGES: list[Callable[[dict[str, Any], random.Random], None]] = [
    with_values, with_values, with_values, with_other_ids, with_other_outputs, with_another_output,
    with_other_triggers, without_a_part, nested_otherwise,
]  # fmt: skip


def forged(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What comes of calls, changed each in some ways that chance chooses; always the same."""
    chance, made = random.Random(SEED), []
    for body in calls:
        for _ in range(EACH):
            changed = copy.deepcopy(body)
            for change in chance.sample(CHANGES, chance.randint(1, 2)):
                with suppress(KeyError, TypeError, IndexError):  # the one before left nothing to it
                    change(changed, chance)
            made.append(changed)
    return made


def calls_of(visitor: Any) -> list[dict[str, Any]]:
    listed = visitor.ask("GET", "/_dash-dependencies").json()
    each = bodies([one for one in listed if not one.get("clientside_function")])
    return list({one["output"]: one for one in each}.values())


@pytest.mark.parametrize("role", [Role.SUPPLIER, Role.CUSTOMER, Role.MANAGER])
def test_a_forged_call_is_never_our_fault_and_shows_no_row_of_another(
    member_of: Any, role: Role
) -> None:
    visitor, codes = member_of(role), set()
    foreign = yard.every_word() - yard.words_of(role) if role in yard.OUTSIDE else set()
    for body in forged(calls_of(visitor)):
        sent = json.dumps(body)
        answer = visitor.call(body)
        codes.add(answer.status_code)
        assert answer.status_code < 500, sent[:2000]
        assert not [w for w in foreign if w in answer.text and w not in sent], sent[:2000]
    assert {200, 400} <= codes <= {200, 204, 400, 413}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"\xff\xfe", 400),
        (b"[" * 100_000, 400), (b'{"output":' * 5000, 400), (b"1" * 5000, 400),
        (b'{"output": "' + b"x" * 300_000 + b'"}', 413),
    ],
)  # fmt: skip
def test_what_is_no_call_at_all_is_refused(member_of: Any, body: bytes, status: int) -> None:
    visitor = member_of(Role.CUSTOMER)
    visitor.page("/customer")
    headers = {
        "Content-Type": "application/json",
        "X-CSRFToken": visitor.http.cookies["_csrf_token"],
    }
    answer = visitor.ask("POST", "/_dash-update-component", data=body, headers=headers)
    assert answer.status_code == status


def test_a_call_is_let_on_with_its_own_elements_alone(member_of: Any) -> None:
    """As a browser sends it; a call of the same form for another's element is refused."""
    visitor = member_of(Role.MANAGER)
    body = next(one for one in calls_of(visitor) if "desk-body" in str(one["outputs"]))
    assert visitor.call(body).status_code == 200
    for part, place in (("inputs", "id"), ("inputs", "property"), ("outputs", "id")):
        other = copy.deepcopy(body)
        other[part][0][place] = "another"
        assert visitor.call(other).status_code == 400, (part, place)


def test_forms_are_never_our_fault_either(member_of: Any, application: Any) -> None:
    """Every route that takes a form, with fields that are none and values that fit nothing."""
    chance, visitor = random.Random(SEED), member_of(Role.ADMINISTRATOR)
    visitor.page("/orders")
    token, address = visitor.http.cookies["_csrf_token"], visitor.address
    names = ("login", "password", "new_password", "secret", "code", "name", "role", "site", "party",
             "screen", "days", "id", "at", "order", "milestone", "need", "quantity", "said", "date",
             "account", "change", "words", "next")  # fmt: skip
    texts = [v for v in VALUES if isinstance(v, str) and v != "\ud800"] + [
        "123456",
        "-1",
        Word(OWN, "order").text,
    ]
    for rule in application.url_map.iter_rules():
        if "POST" not in rule.methods or rule.rule.startswith(("/api", "/_dash", "/sign-out")):
            continue
        for _ in range(EACH // 3):
            form = {name: chance.choice(texts) for name in chance.sample(names, 12)}
            path = rule.rule.replace("<any(invitation, reset):purpose>", "reset")
            path = path.replace("<any(invitation,reset):purpose>", "reset")
            path = "/".join("x" if part.startswith("<") else part for part in path.split("/"))
            search = f"?{chance.choice(names)}={chance.choice(['x', '%00', '-1', '%F0'])}"
            answer = visitor.ask("POST", path + search, data={**form, "csrf_token": token})
            assert answer.status_code < 500, (path, search, form)
    assert visitor.address == address
