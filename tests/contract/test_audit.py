"""The trail in SQL: one chain whoever appends, found out whatever is done to it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from data.domain.audit import Action, Break, Fault
from data.domain.scope import Role, Scope
from data.services.audit import Audit, Search
from data.services.errors import Forbidden
from data.store.audit import AuditStore
from data.store.history import connect

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
AUDITOR = Scope(role=Role.AUDITOR, sites=("s",))


@pytest.fixture
def engine(database_url):
    made = connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def audit(engine):
    return Audit(AuditStore(engine), b"a secret of the tests alone", lambda: NOW)


def fill(audit, count=5):
    for number in range(count):
        audit.note(
            "account/lin", Action.SAW, f"/supplier {number}", site="s", party="acme",
            address="10.0.0.1", detail={"rows": number, "columns": ["part", "Größe 料"], "x": 1.5},
        )  # fmt: skip


def test_what_was_noted_verifies_and_is_found(audit):
    fill(audit)
    head, fault = audit.verify()
    assert (head.number, fault) == (5, None)
    records, count = audit.search(AUDITOR, Search(sites=("s",), party="acme"), limit=2)
    assert (count, [r.deed.subject for r in records]) == (5, ["/supplier 4", "/supplier 3"])
    assert records[0].deed.detail == {"rows": 4, "columns": ["part", "Größe 料"], "x": 1.5}


def test_many_who_append_at_once_make_one_chain(audit):
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda n: audit.note(f"account/{n}", Action.SAW, "x"), range(40)))
    assert audit.verify()[0].number == 40
    assert audit.verify()[1] is None


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("UPDATE audit SET party = 'bolts' WHERE number = 3", Fault(number=3, what=Break.ALTERED)),
        ("UPDATE audit SET detail = '{}' WHERE number = 2", Fault(number=2, what=Break.ALTERED)),
        ("DELETE FROM audit WHERE number = 2", Fault(number=2, what=Break.MISSING)),
        ("DELETE FROM audit WHERE number >= 4", Fault(number=4, what=Break.CUT_OFF)),
        (
            "UPDATE audit SET number = -number; UPDATE audit SET number = number + 6",
            Fault(number=1, what=Break.ALTERED),
        ),
    ],
)
def test_the_first_bad_record_is_named(audit, engine, damage, fault):
    fill(audit)
    kept = audit.verify()[0]
    with engine.begin() as connection:
        for statement in damage.split("; "):
            connection.execute(text(statement))
    assert audit.verify(kept)[1] == fault


def test_search_combines_what_it_is_given_and_reads_signs_as_they_are(audit):
    fill(audit, 2)
    audit.note("account/wu", Action.EXPORTED, "100%_done", site="s")

    def found(**wanted):
        return audit.search(AUDITOR, Search(sites=("s",), **wanted))[1]

    assert found(actor="account/wu") == 1
    assert found(action=Action.SAW) == 2
    assert found(words="0%_d") == 1
    assert found(words="%") == 1
    assert found(since=NOW + timedelta(seconds=1)) == 0
    assert found(until=NOW) == 0


@pytest.mark.parametrize(
    "scope",
    [
        Scope(role=Role.SUPPLIER, sites=("s",), party="acme"),
        Scope(role=Role.MANAGER, sites=("s",)),
        Scope(role=Role.AUDITOR, sites=("t",)),
    ],
)
def test_only_auditors_and_administrators_look_and_at_their_sites(audit, scope):
    with pytest.raises(Forbidden):
        audit.search(scope, Search(sites=("s",)))
