"""Words of one party and one field each, sought in all that the program gives to the others."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import dash
import pytest
from flask import Flask

from callbacks.reading import PATHS
from data.domain.scope import Role
from tests.browser.product.program import Program, wait_for
from tests.engines import redis_at
from tests.security import yard
from tests.security.conftest import VALUES, Visitor, filled, patiently
from tests.security.test_crawl import bodies
from tests.security.yard import OUTSIDE, OWN, RIVAL, YARD, Word

SEARCH = f"?site={YARD}&lang=en"
NOBODY = "zqnobodyqz"
EXPORTS = ("csv", "xlsx")


def named() -> list[str]:
    return [name.removeprefix("desk-") for name in dash.page_registry if name.startswith("desk-")]


def values() -> Iterator[dict[str, str]]:
    """What variables of addresses are filled with: what is one's own, another's, and nobody's."""
    at_yard = {**VALUES, "site": YARD, "screen": f"{YARD}.L1", "screen_id": f"{YARD}.L1"}
    for order in (Word(OWN, "order").text, Word(RIVAL, "order").text, NOBODY):
        yield {**at_yard, "order": order}
    for name, kind in product(named(), EXPORTS):
        yield {**at_yard, "name": name, "kind": kind, "order": Word(RIVAL, "order").text}


def paths(application: Flask) -> list[str]:
    """Every address that may be read."""
    rules = [rule.rule for rule in application.url_map.iter_rules() if "GET" in rule.methods]
    return sorted({filled(rule, one) for rule in rules for one in values()})


def text_of(visitor: Visitor, answer: Any) -> str:
    """What stands in an answer, of a stream in its beginning, of a workbook in its parts."""
    if answer.url in visitor.begun:
        return visitor.begun[answer.url]
    if not answer.content.startswith(b"PK"):
        return str(answer.text)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        return "".join(book.read(part).decode() for part in book.namelist())


def read_everything(visitor: Visitor, application: Flask, pages: Iterable[str]) -> set[str]:
    """Return the words that came back, but for those that were asked with."""
    found: set[str] = set()

    def take(asked: str, answer: Any) -> None:
        assert answer.status_code < 500, asked
        text = text_of(visitor, answer)
        found.update(word for word in yard.every_word() if word in text and word not in asked)

    for path in paths(application):
        search = f"?site={YARD}" if path.startswith(("/api", "/export")) else SEARCH
        take(path, visitor.ask("GET", path + search))
    for path in pages:
        for word in ("x", Word(OWN, "order").text, Word(RIVAL, "order").text):
            here = path.replace("SO-1", word)
            take(here, visitor.page(here, SEARCH))
    listed = visitor.ask("GET", "/_dash-dependencies").json()
    for body in bodies([one for one in listed if not one.get("clientside_function")]):
        sent = json.loads(json.dumps(body).replace("?lang=en", SEARCH).replace(
            "SO-1", Word(RIVAL, "order").text))  # fmt: skip
        take(json.dumps(sent), visitor.call(sent))
    return found


@pytest.mark.parametrize("role", OUTSIDE)
def test_a_party_gets_precisely_the_words_that_the_policy_shows_it(
    member_of: Any, application: Flask, pages: list[str], role: Role
) -> None:
    assert read_everything(member_of(role), application, pages) == yard.words_of(role)


def test_the_same_search_finds_every_word_when_a_manager_reads(
    member_of: Any, application: Flask, pages: list[str]
) -> None:
    manager = member_of(Role.MANAGER)
    shown = {
        word
        for path in PATHS.values()
        for word in yard.every_word()
        if word in manager.ask("GET", f"/api/v1/{path}").text
    }
    assert shown == yard.every_word() - {Word(w, "carrier").text for w in (OWN, RIVAL)}


@pytest.mark.parametrize("role", OUTSIDE)
def test_what_is_anothers_is_answered_as_what_nobody_has(member_of: Any, role: Role) -> None:
    visitor, rival = member_of(role), Word(RIVAL, "order").text
    own = "" if role is Role.SUPPLIER else Word(OWN, "order").text
    for path in (f"/api/v1/orders/{{}}?site={YARD}", f"/export/order.csv?site={YARD}&order={{}}",
                 f"/api/v1/needs?site={YARD}&order={{}}", "/orders/{}"):  # fmt: skip
        answers = [visitor.ask("GET", path.format(order)) for order in (rival, NOBODY)]
        said = [
            (one.status_code, one.text.replace(rival, "").replace(NOBODY, ""))
            for one in answers
        ]  # fmt: skip
        if "needs" in path:
            said = [(code, json.loads(text)["needs"]) for code, text in said]
        assert said[0] == said[1], path
    assert not own or visitor.ask("GET", f"/api/v1/orders/{own}").status_code == 200


def test_a_partys_stream_tells_nothing_of_what_happens_to_others(
    member_of: Any, shared: Program
) -> None:
    supplier, manager = member_of(Role.SUPPLIER), member_of(Role.MANAGER)
    key = shared.new_key(YARD, "floor")
    http = {"stream": True, "timeout": 60, "headers": {"Accept-Encoding": "identity"}}

    def hearing(visitor: Visitor) -> Any:
        return patiently(lambda: visitor.once("GET", f"/api/v1/stream?site={YARD}", **http))

    with hearing(supplier) as heard, hearing(manager) as all_:
        lines, others = heard.iter_lines(chunk_size=1), all_.iter_lines(chunk_size=1)
        assert b"event: milepost.snapshot.ended" in lines
        assert b"event: milepost.snapshot.ended" in others
        for whose in (RIVAL, OWN):
            report_progress(shared, key, whose)
        until(others, Word(RIVAL, "order").text)  # else nothing would be proven below
        mine = until(lines, '"good":3')
    assert not [word for word in yard.every_word() - yard.words_of(Role.SUPPLIER) if word in mine]


def report_progress(program: Program, key: str, whose: str) -> None:
    event = {
        "specversion": "1.0", "id": f"{whose}-heard", "source": "floor",
        "type": "operation.progressed", "subject": f"operation/{Word(whose, 'order').text}/in",
        "time": "2026-11-01T00:00:00Z", "data": {"good": 3},
    }  # fmt: skip
    kept, program.key = program.key, key
    try:
        wait_for(lambda: program.takes(event), 60, "the report is taken")
    finally:
        program.key = kept


def until(lines: Iterator[bytes], words: str) -> str:
    """Read on until something is told with these words in it; return all that was read."""
    read = ""
    for line in lines:
        read += line.decode() + "\n"
        if line.startswith(b"data:") and words in line.decode():
            return read
    raise AssertionError("the stream ended")


def test_what_parties_ask_leaves_nothing_in_the_cache(
    member_of: Any, shared: Program, pages: list[str]
) -> None:
    def cached() -> dict[bytes, bytes]:
        with redis_at(shared.redis_url) as redis:
            return {key: redis.get(key) or b"" for key in redis.keys("mp:cache:*")}

    manager = member_of(Role.MANAGER)

    def kept() -> dict[bytes, bytes]:
        for path in ("/delays", "/bottleneck", "/figures"):
            manager.page(path, SEARCH)
        return cached()

    # What managers see is kept, for those who may see the same; not while Redis is slow.
    before = wait_for(kept, 60, "answers are kept")
    for role in OUTSIDE:
        visitor = member_of(role)
        for path in pages:
            visitor.page(path, SEARCH)
        visitor.ask("GET", f"/api/v1/needs?site={YARD}")
    assert cached().keys() <= before.keys()
    words = [word.encode() for word in yard.every_word()]
    assert not [key for key in before if any(word in key for word in words)]


def test_nothing_of_it_stands_in_the_keys_of_redis_or_in_the_log(shared: Program) -> None:
    with redis_at(shared.redis_url) as redis:
        keys = b"\n".join(redis.keys("*")).decode(errors="replace")
    rows = yard.every_word() - {yard.party(w, role) for w in (OWN, RIVAL) for role in OUTSIDE}
    assert not [word for word in rows if word in keys]
    assert not [word for word in yard.every_word() if word in shared.log]
