"""The supplier's board through the whole web application, on real engines.

What a supplier does shows at once, counts once, and is written down; what isn't its own is not
there for it, whatever it sends, and never stands in anything that it is sent.
"""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import gevent
import msgspec
import pytest
import segno
from openpyxl import load_workbook

from data.domain.audit import Action
from data.domain.scope import Role, Scope
from tests.contract.supply import OWN, SOON, Stage, need, staged, still_texts
from tests.contract.world import plan_document


@pytest.fixture
def stage(redis_url: str, database_url: str) -> Iterator[Stage]:
    with staged(redis_url, database_url) as made:
        yield made


def test_the_first_line_says_what_is_waited_for(stage: Stage) -> None:
    text = stage.page()
    assert "What Plant needs from you" in text
    assert "3 waiting for your answer." in text
    assert "bolt of steel" in text


def test_a_confirmation_promises_the_date_shows_at_once_and_is_written_down(stage: Stage) -> None:
    key = stage.key("bolt")
    answer = stage.act("confirm", key, promised_at=SOON.isoformat())
    assert answer.json["ok"], answer.text
    assert stage.rows()["bolt"]["promised_at"] == SOON
    (deed,) = stage.deeds(Action.REPORTED)
    assert deed.subject == "need/CANARY-ORDER/n1"
    assert (deed.detail["before"], deed.detail["after"]) == (None, SOON.isoformat())
    assert "2 waiting for your answer." in stage.renewed()


def test_a_confirmation_of_a_date_that_moved_meanwhile_is_not_taken(stage: Stage) -> None:
    at = (SOON - timedelta(hours=9)).isoformat()
    answer = stage.act("confirm", stage.key("bolt"), promised_at=at)
    assert (answer.status_code, answer.json["field"]) == (422, "promised_at")
    assert stage.rows()["bolt"]["promised_at"] is None


def test_another_date_is_given_in_the_time_of_the_site(stage: Stage) -> None:
    assert stage.act("propose", stage.key("bolt"), promised_at="2026-11-05T19:00").json["ok"]
    assert stage.rows()["bolt"]["promised_at"].hour == 19  # the site is at UTC


@pytest.mark.parametrize(
    ("value", "words"),
    [("", "A date and time"), ("soon", "A date and time"), ("2020-01-01T00:00", "from now on")],
)
def test_a_date_that_can_not_be_is_named_by_its_field(stage: Stage, value: str, words: str) -> None:
    answer = stage.act("propose", stage.key("bolt"), promised_at=value)
    assert (answer.status_code, answer.json["field"]) == (422, "promised_at")
    assert words in answer.json["words"]


def test_a_shipment_that_is_sent_twice_counts_once(stage: Stage) -> None:
    key = stage.key("bolt")
    for _ in range(2):
        assert stage.act("ship", key, quantity="60", dispatch_advice="DN-7").json["ok"]
        stage.world.clock.advance(seconds=30)
    row = stage.rows()["bolt"]
    assert (row["shipped"], row["dispatch_advice"]) == (60, "DN-7")
    assert len(stage.deeds(Action.REPORTED)) == 1


def test_a_whole_shipment_that_is_sent_twice_is_no_error(stage: Stage) -> None:
    key = stage.key("bolt")
    assert stage.act("ship", key, quantity="100").json["ok"]
    assert stage.act("ship", key, quantity="100").json["ok"]
    assert stage.rows()["bolt"]["shipped"] == 100


def test_one_token_for_two_different_shipments_is_refused_and_noted(stage: Stage) -> None:
    key = stage.key("bolt")
    assert stage.act("ship", key, quantity="60").json["ok"]
    answer = stage.act("ship", key, quantity="10")
    assert answer.status_code == 422
    assert stage.rows()["bolt"]["shipped"] == 60
    assert len(stage.deeds(Action.REFUSED)) == 1


def test_one_drawing_of_the_page_serves_several_rows(stage: Stage) -> None:
    for part in ("bolt", "nut"):
        assert stage.act("ship", stage.key(part), quantity="10").json["ok"]
    rows = stage.rows()
    assert (rows["bolt"]["shipped"], rows["nut"]["shipped"]) == (10, 10)


@pytest.mark.parametrize("quantity", ["0", "-5", "111", "1e3", "ten", "9" * 30])
def test_a_quantity_that_can_not_be_is_named_by_its_field(stage: Stage, quantity: str) -> None:
    answer = stage.act("ship", stage.key("bolt"), quantity=quantity)
    assert (answer.status_code, answer.json["field"]) == (422, "quantity")
    assert stage.rows()["bolt"]["shipped"] == 0


def test_an_outsourced_operation_is_started_progressed_and_completed(stage: Stage) -> None:
    key = stage.key("step 30")
    assert stage.act("progress", key, "token-one", step="started").json["ok"]
    assert stage.act("progress", key, "token-two", step="progressed", good="30").json["ok"]
    done = stage.act("progress", key, "token-six", step="completed", good="18", scrap="2")
    assert done.json["ok"], done.text
    row = stage.rows()["step 30"]
    assert (row["good"], row["scrap"], row["status"]) == (48, 2, "completed")
    late = stage.act("progress", key, "token-ten", step="progressed", good="1")
    assert late.status_code == 422


@pytest.mark.parametrize("what", ["confirm", "propose", "ship", "progress", "comment"])
def test_what_is_anothers_is_not_there_and_nothing_happens(stage: Stage, what: str) -> None:
    theirs = stage.key("CANARY-PART", "CANARY-RIVAL")
    before = len(stage.entrance.deeds())
    for key in (theirs, "n~CANARY-OTHER~n1", "n~O-AAAAAA~n1", "o~CANARY-OTHER~40", "", "n~~~~"):
        answer = stage.act(
            what, key, promised_at=SOON.isoformat(), quantity="1", good="1", words="x",
            step="progressed",
        )  # fmt: skip
        assert answer.status_code == 404
        assert "CANARY" not in answer.text
    assert len(stage.entrance.deeds()) == before


def test_a_key_means_nothing_at_another_supplier(stage: Stage) -> None:
    mine = stage.key("bolt")
    stage.come("CANARY-RIVAL")
    assert stage.act("ship", mine, quantity="1").status_code == 404
    assert stage.client.get(f"/supplier/code.svg?site=plant&key={mine}").status_code == 404
    assert "bolt" not in stage.page(f"?row={mine}")


@pytest.mark.parametrize("site", ["elsewhere", "", "../plant", "PLANT"])
def test_a_site_that_is_not_the_viewers_is_not_there(stage: Stage, site: str) -> None:
    assert stage.act("ship", stage.key("bolt"), site=site, quantity="1").status_code == 404


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CUSTOMER, Role.LOGISTICS, Role.PURCHASER])
def test_nobody_but_a_supplier_acts_or_sees_the_board(stage: Stage, role: Role) -> None:
    key = stage.key("bolt")
    stage.come("P1" if role in (Role.CUSTOMER, Role.LOGISTICS) else "", role)
    assert stage.act("ship", key, quantity="1").status_code == 404
    assert "bolt" not in stage.page()
    assert stage.client.get("/export/supplier.csv").status_code == 404


def test_a_form_without_its_token_is_refused(stage: Stage) -> None:
    form = {"site": "plant", "key": stage.key("bolt"), "token": "a-token-of-tests", "quantity": "1"}
    assert stage.client.post("/supplier/act/ship", data=form).status_code == 400
    assert stage.rows()["bolt"]["shipped"] == 0


@pytest.mark.parametrize(
    "search",
    [
        "?lang=en&which=all", "?lang=zh-Hant&which=all", "?q=CANARY", "?which=none",
        "?at=2026-11-01",
        "?site=elsewhere", "?row=n~CANARY-OTHER~n1", "?page=2", "?page=x", "?which=done",
    ],
)  # fmt: skip
def test_nothing_of_others_stands_in_pages_and_their_errors(stage: Stage, search: str) -> None:
    asked = search.partition("q=")[2]
    for text in (stage.page(search), stage.renewed(search)):
        without = text.replace(asked, "") if asked else text.replace("CANARY-OTHER~n1", "")
        assert "CANARY" not in without


def test_nothing_of_others_stands_in_exports(stage: Stage) -> None:
    text = stage.client.get("/export/supplier.csv?which=all&lang=en").text
    assert "bolt" in text
    assert "CANARY" not in text
    book = stage.client.get("/export/supplier.xlsx?which=all&lang=en").data
    cells = [str(c.value) for row in load_workbook(io.BytesIO(book)).worksheets[0] for c in row]
    assert "bolt" in cells
    assert not [cell for cell in cells if "CANARY" in cell]


def test_what_was_seen_and_exported_is_written_down_with_columns_and_count(stage: Stage) -> None:
    stage.page()
    stage.renewed()
    needs, operations = stage.deeds(Action.SAW)
    assert (needs.party, needs.detail["kind"], needs.detail["count"]) == ("P1", "need", 2)
    assert (operations.detail["kind"], operations.detail["count"]) == ("operation", 1)
    assert "part" in needs.detail["columns"]
    assert "customer" not in needs.detail["columns"]
    stage.client.get("/export/supplier.csv")
    (exported,) = stage.deeds(Action.EXPORTED)
    assert exported.detail["count"] == 3


def test_what_looks_like_a_formula_is_a_text_in_exports(stage: Stage) -> None:
    assert stage.act("ship", stage.key("bolt"), quantity="1", dispatch_advice="=1+1").json["ok"]
    assert "'=1+1" in stage.client.get("/export/supplier.csv?lang=en").text


def test_a_comment_is_shown_as_text_to_its_thread_alone(stage: Stage) -> None:
    words = "<script>alert(1)</script> on Tuesday"
    assert stage.act("comment", stage.key("bolt"), words=words).json["ok"]
    assert "<script>alert(1)" in still_texts(stage.page())
    stage.come("CANARY-RIVAL")
    assert "on Tuesday" not in stage.page("?which=all")
    thread = ("CANARY-ORDER", "n1")
    rival = Scope(role=Role.SUPPLIER, sites=("plant",), party="CANARY-RIVAL")
    found = stage.comments.of(rival, "plant", "CANARY-RIVAL", [thread])
    assert found == {}


@pytest.mark.parametrize("words", ["", "   ", "x" * 1001])
def test_a_comment_that_says_nothing_or_too_much_is_refused(stage: Stage, words: str) -> None:
    answer = stage.act("comment", stage.key("bolt"), words=words)
    assert (answer.status_code, answer.json["field"]) == (422, "words")


def test_the_code_of_an_operation_leads_to_its_row(stage: Stage) -> None:
    answer = stage.client.get(f"/supplier/code.svg?site=plant&key={stage.key('step 30')}")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    there = f"http://localhost/supplier?row={quote(stage.key('step 30'), safe='')}&site=plant"
    drawn = io.BytesIO()
    segno.make(there, error="m").save(
        drawn, kind="svg", scale=4, border=3, dark="#000", light="#fff"
    )
    assert answer.data == drawn.getvalue()
    alone = stage.page(f"?lang=en&row={stage.key('step 30')}")
    assert "Report progress" in alone
    assert "bolt" not in alone


def changed(stage: Stage, **cells: dict[str, Any]) -> bytes:
    """The export with cells of some parts changed, by heading."""
    book = load_workbook(io.BytesIO(stage.client.get("/export/supplier.xlsx?lang=en").data))
    tab = book.worksheets[0]
    headings = {cell.value: cell.column for cell in tab[1]}
    for row in range(2, tab.max_row + 1):
        part = tab.cell(row, headings["Part or operation"]).value
        for heading, value in cells.get(str(part), {}).items():
            tab.cell(row, headings[heading]).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def uploaded(stage: Stage, content: bytes) -> Any:
    return stage.act("upload", file=(io.BytesIO(content), "needs.xlsx"))


def test_a_table_comes_back_with_promises_and_shipments_and_counts_once(stage: Stage) -> None:
    at = (SOON + timedelta(hours=2)).replace(tzinfo=None)
    content = changed(stage, bolt={"Promised": at, "Shipped in all": 40}, nut={"Shipped in all": 7})
    first = uploaded(stage, content)
    assert first.json["said"] == "Changes taken from the file: 3."
    again = uploaded(stage, content)
    assert again.json["said"].startswith("Nothing in the file differs")
    rows = stage.rows()
    assert (rows["bolt"]["shipped"], rows["nut"]["shipped"]) == (40, 7)
    assert rows["bolt"]["promised_at"].replace(tzinfo=None) == at


def test_nothing_of_a_table_is_taken_when_a_row_is_wrong_and_each_is_named(stage: Stage) -> None:
    content = changed(
        stage,
        bolt={"Shipped in all": 40},
        nut={"Row (leave as it is)": "n~CANARY-OTHER~n1", "Shipped in all": 1},
    )
    answer = uploaded(stage, content)
    assert answer.status_code == 422
    assert len(answer.json["faults"]) == 1
    assert "There is no such row among yours." in answer.json["faults"][0]
    assert "CANARY" not in answer.text
    assert stage.rows()["bolt"]["shipped"] == 0


def test_a_row_that_changed_after_the_export_is_not_overwritten(stage: Stage) -> None:
    content = changed(stage, bolt={"Shipped in all": 40})
    assert stage.act("ship", stage.key("bolt"), quantity="10").json["ok"]
    answer = uploaded(stage, content)
    assert "changed after the file was exported" in answer.json["faults"][0]
    assert stage.rows()["bolt"]["shipped"] == 10


@pytest.mark.parametrize("content", [b"", b"no table", b"PK\x03\x04 broken", b"\xff\xfe\x00"])
def test_a_file_that_is_no_table_is_refused_whole(stage: Stage, content: bytes) -> None:
    assert uploaded(stage, content).status_code == 422


def test_the_next_visit_marks_what_moved_and_what_is_new(stage: Stage) -> None:
    stage.page()
    stage.world.clock.advance(hours=2)
    earlier = msgspec.structs.replace(OWN.needs[0], need_by=SOON - timedelta(hours=5))
    moved = msgspec.structs.replace(OWN, needs=(earlier, OWN.needs[1], need("n9", "washer", "P1")))
    stage.world.accept(plan_document(moved, "plan-again", stage.world.clock()))
    stage.world.live()
    text = stage.page()
    assert "2 changed since you looked at" in text
    assert "moved: 5.0 h earlier" in text
    assert "washer" in stage.page("?lang=en&which=changed")


def test_a_push_says_when_and_only_to_those_whose_rows_changed(stage: Stage) -> None:
    streams = {party: opened(stage, party) for party in ("P1", "CANARY-RIVAL")}
    first = {party: next(stream) for party, stream in streams.items()}
    stage.come("P1")
    assert stage.act("ship", stage.key("bolt"), quantity="1").json["ok"]
    stage.live.tell("plant")
    told = {"P1": heard(streams["P1"], 60), "CANARY-RIVAL": heard(streams["CANARY-RIVAL"])}
    assert told["P1"] is not None
    assert told["CANARY-RIVAL"] is None
    assert b"CANARY" not in first["P1"] + told["P1"]
    assert b"bolt" not in first["P1"] + told["P1"]


def test_what_is_hidden_from_a_supplier_shows_in_no_push(stage: Stage) -> None:
    stream = opened(stage, "P1")
    next(stream)
    hidden = msgspec.structs.replace(OWN, customer=None, product="CANARY-NEXT")
    stage.world.accept(plan_document(hidden, "plan-hidden", stage.world.clock()))
    stage.world.live()
    stage.live.tell("plant")
    assert heard(stream) is None


@pytest.mark.parametrize("role", [Role.MANAGER, Role.PURCHASER])
def test_who_has_no_party_has_no_partys_stream(stage: Stage, role: Role) -> None:
    stage.come("", role)
    assert stage.client.get("/live/party/plant").status_code == 404


def opened(stage: Stage, party: str) -> Iterator[bytes]:
    stage.come(party)
    return iter(stage.client.get("/live/party/plant", buffered=False).response)


def heard(stream: Iterator[bytes], within_s: float = 0.4) -> bytes | None:
    """What comes, usually in the interval in which a channel gathers changes; None: nothing."""
    waiting = gevent.spawn(next, stream)
    waiting.join(timeout=within_s)
    found = waiting.value if waiting.ready() else None
    waiting.kill()
    return found
