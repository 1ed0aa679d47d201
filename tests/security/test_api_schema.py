"""The running API, asked with whatever its own description allows and much that it doesn't."""

import json
import re
from typing import Any

import pytest
import requests
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks

from callbacks.openapi import document
from data.domain.scope import Role
from tests.browser.product.program import Program, wait_for
from tests.security.conftest import CANARIES, patiently

EXAMPLES = 15
ENDLESS = "/api/v1/stream"
HELD = (  # what fits a schema may still break a rule that no schema can say, so 4xx is fine
    checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance, checks.response_headers_conformance,
)  # fmt: skip
SEEN = {  # without these the test would prove little
    "source": {200, 403, 422}, "manager": {200, 400, 403, 404}, "supplier": {200, 403, 404},
    "nobody": {200, 401},
}  # fmt: skip
BOUNDED = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_every_route_of_the_api_is_described(application: Flask) -> None:
    described = set(document()["paths"])
    for rule in application.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        assert not path.startswith("/api/") or path in described, path


@pytest.fixture(scope="module")
def operations(guarded: Program) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{guarded.address}/api/v1/openapi.json")
    found = [result.ok() for result in schema.get_all_operations()]
    return [one for one in found if one.path != ENDLESS]


@pytest.fixture(scope="module")
def keys(guarded: Program) -> dict[str, str]:
    return {
        "source": guarded.key,
        "manager": guarded.new_reader("works", Role.MANAGER),
        "supplier": guarded.new_reader("works", Role.SUPPLIER, "acme"),
        "nobody": "mp_00000000_x",
    }


def asked(operations: list[Any], key: str) -> list[Any]:
    """Ask each operation with some cases that fit its description; return what was answered."""
    answers: list[Any] = []
    for one in operations:

        @BOUNDED
        @given(case=one.as_strategy())
        def ask(case: Any) -> None:
            header = {"Authorization": f"Bearer {key}"}
            answers.append(patiently(lambda: case.call(headers=header, timeout=60)))
            case.validate_response(answers[-1], checks=[*HELD])

        ask()
    return answers


@pytest.mark.parametrize("who", SEEN)
def test_what_the_description_allows_is_answered_as_it_says(
    operations: list[Any], keys: dict[str, str], who: str
) -> None:
    answers = asked(operations, keys[who])
    assert len(answers) >= len(operations)
    assert {answer.status_code for answer in answers} >= SEEN[who]
    if who in ("supplier", "nobody"):
        words = [canary.encode() for canary in CANARIES]
        assert not any(word in answer.content for answer in answers for word in words)


@given(
    path=st.sampled_from(["orders", "operations", "milestones", "needs", "bottleneck"]),
    query=st.dictionaries(
        st.sampled_from(["site", "order", "standing", "cursor", "limit", "area", "x"]),
        st.text(max_size=30), max_size=3,
    ),
)  # fmt: skip
@settings(BOUNDED, max_examples=60)
def test_whatever_parameters_are_sent_it_is_never_the_servers_fault(
    guarded: Program, keys: dict[str, str], path: str, query: dict[str, str]
) -> None:
    key = {"Authorization": f"Bearer {keys['manager']}"}
    address = f"{guarded.address}/api/v1/{path}"
    answer = patiently(lambda: requests.get(address, params=query, headers=key, timeout=60))
    assert answer.status_code in (200, 400, 404), (answer.status_code, query)
    assert answer.headers["Content-Type"].startswith("application/")


def test_a_program_hears_its_rows_and_of_a_change_to_them(
    guarded: Program, keys: dict[str, str]
) -> None:
    key = {"Authorization": f"Bearer {keys['manager']}", "Accept-Encoding": "identity"}
    address = f"{guarded.address}{ENDLESS}"
    with requests.get(address, headers=key, stream=True, timeout=60) as answer:
        lines = answer.iter_lines(chunk_size=1)
        assert b"event: milepost.snapshot.ended" in lines
        subject = "operation/SO-1/10"
        event = {
            "specversion": "1.0", "id": "heard", "source": "test", "type": "operation.progressed",
            "subject": subject, "time": "2026-11-01T00:00:00Z", "data": {"good": 7},
        }  # fmt: skip
        wait_for(lambda: guarded.takes(event), 60, "the report is taken")
        said = (json.loads(line[6:]) for line in lines if line.startswith(b"data: "))
        heard = next(one for one in said if one.get("subject") == subject)
    assert (heard["type"], heard["data"]["good"]) == ("milepost.row.changed", 7)
