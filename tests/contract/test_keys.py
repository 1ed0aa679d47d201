"""API keys: kept as hashes, good for one source at one site, over soon after they are revoked."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Engine

from data.domain.audit import Action
from data.domain.scope import Role, Scope
from data.services import keys as keys_module
from data.services.audit import Audit
from data.services.errors import Unavailable
from data.services.keys import KNOWN_FOR_S, READERS, TRUSTED_FOR_S, Keys, noting
from data.services.ports import StoredKey
from data.store.embedded import EmbeddedPostgres
from data.store.history import connect
from data.store.keys import KeyStore
from tests.contract.world import NOW, Clock
from tests.unit.fakes import FakeTrail


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def store(engine: Engine) -> KeyStore:
    return KeyStore(engine)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the process, to be moved."""
    now = [1000.0]
    monkeypatch.setattr(keys_module.time, "monotonic", lambda: now[0])
    return now


def test_a_key_speaks_for_its_source_at_its_site_and_sees_nothing(store: KeyStore) -> None:
    keys = Keys(store, Clock())
    grant = keys.verify(keys.create("plant", "urn:mes", rate_per_s=5.0))
    assert grant is not None
    assert (grant.scope.role, grant.scope.sites, grant.scope.source) == (
        Role.SOURCE, ("plant",), "urn:mes",
    )  # fmt: skip
    assert grant.scope.may_report("plant", "urn:mes")
    assert not grant.scope.may_report("plant", "urn:other")
    assert not grant.scope.may_report("other", "urn:mes")
    assert not grant.scope.may_see("plant")
    assert grant.rate_per_s == 5.0


def test_the_secret_itself_is_not_stored(store: KeyStore) -> None:
    token = Keys(store, Clock()).create("plant", "urn:mes")
    assert re.fullmatch(r"mp_[0-9a-f]{8}_[\w-]{43}", token)
    (stored,) = store.all()
    assert stored.created_at == NOW
    assert token.split("_", 2)[2].encode() not in stored.secret_hash
    assert len(stored.secret_hash) == 32


def test_anything_but_the_key_is_refused(store: KeyStore) -> None:
    keys = Keys(store, Clock())
    token = keys.create("plant", "urn:mes")
    other = keys.create("plant", "urn:mes")
    mixed = "_".join([*token.split("_")[:2], other.split("_", 2)[2]])
    wrong = ["", "mp", token[:-1], token + "x", token.upper(), mixed, "mp__x", "mp_00000000_",
             "mp_\0\0\0\0\0\0\0\0_x", "mp_aaaaaaaa_" + "x" * 100_000]  # fmt: skip
    assert [keys.verify(bad) for bad in wrong] == [None] * len(wrong)
    assert keys.verify(token) is not None


def test_a_revoked_key_stops_at_once_elsewhere_and_within_seconds_where_it_was_known(
    store: KeyStore, seconds: list[float]
) -> None:
    here, elsewhere = Keys(store, Clock()), Keys(store, Clock())
    token = here.create("plant", "urn:mes")
    assert here.verify(token) is not None
    prefix = token.split("_")[1]
    assert store.revoke(prefix, NOW)
    assert not store.revoke(prefix, NOW)
    assert elsewhere.verify(token) is None
    seconds[0] += KNOWN_FOR_S
    assert here.verify(token) is None


def test_a_known_key_isnt_looked_up_again_at_once(
    store: KeyStore, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, asked, find = Keys(store, Clock()), [], store.find
    token = keys.create("plant", "urn:mes")
    monkeypatch.setattr(store, "find", lambda prefix: asked.append(prefix) or find(prefix))
    for _ in range(10):
        keys.verify(token)
    assert len(asked) == 1
    seconds[0] += KNOWN_FOR_S
    keys.verify(token)
    assert len(asked) == 2


def test_while_sql_is_away_who_was_known_goes_on_for_a_while_and_nobody_new(
    store: KeyStore, seconds: list[float], postgres: EmbeddedPostgres
) -> None:
    keys = Keys(store, Clock())
    token, unseen = keys.create("plant", "urn:mes"), keys.create("plant", "urn:plc")
    keys.verify(token)
    postgres.kill()
    seconds[0] += KNOWN_FOR_S * 10
    assert keys.verify(token) is not None
    with pytest.raises(Unavailable):
        keys.verify(unseen)
    assert keys.verify("mp_nonsense") is None
    seconds[0] += TRUSTED_FOR_S
    with pytest.raises(Unavailable):
        keys.verify(token)


def test_while_sql_stands_still_one_request_waits_for_it_and_the_others_go_on(
    store: KeyStore, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, find = Keys(store, Clock()), store.find
    token, unseen = keys.create("plant", "urn:mes"), keys.create("plant", "urn:plc")
    keys.verify(token)
    seconds[0] += KNOWN_FOR_S
    meanwhile = []

    def still(prefix: str) -> StoredKey | None:
        if not meanwhile:
            meanwhile.append(None)
            meanwhile.append(keys.verify(token))  # another request, while the first one waits
            assert keys.verify(unseen) is not None  # nobody new is let in without being asked for
        return find(prefix)

    monkeypatch.setattr(store, "find", still)
    assert keys.verify(token) == meanwhile[1] is not None


def test_a_key_that_reads_has_a_role_and_reports_nothing(store: KeyStore) -> None:
    keys = Keys(store, Clock())
    for role in READERS:
        party = "P1" if Scope(role=role, sites=("plant",)).outside else None
        grant = keys.verify(keys.create_reader("plant", role, party))
        assert grant is not None
        assert grant.scope == Scope(role=role, sites=("plant",), party=party)
        assert grant.scope.may_see_rows("plant")
        assert not grant.scope.may_see_rows("other")
    assert {key.role for key in store.all()} == set(READERS)


@pytest.mark.parametrize(
    ("role", "party", "named"),
    [
        (Role.ADMINISTRATOR, None, "role"), (Role.FACTORY, None, "role"),
        (Role.SCREEN, None, "role"), (Role.SUPPLIER, None, "party"), (Role.SUPPLIER, "", "party"),
        (Role.MANAGER, "P1", "party"),
    ],
)  # fmt: skip
def test_no_key_reads_more_than_a_party_or_the_factorys_planning(
    store: KeyStore, role: Role, party: str | None, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Keys(store, Clock()).create_reader("plant", role, party)
    assert store.all() == []


def test_each_key_that_is_made_or_revoked_is_written_down_before_it_is(store: KeyStore) -> None:
    trail = FakeTrail()
    audit = Audit(trail, b"secret", Clock())
    keys = Keys(store, Clock(), noting(audit, "command line"))
    prefix = keys.create("plant", "urn:mes").split("_")[1]
    keys.create_reader("plant", Role.SUPPLIER, "P1")
    assert keys.revoke(prefix)
    assert not keys.revoke(prefix) and not keys.revoke("00000000")
    deeds = [record.deed for record in trail.records]
    assert [deed.detail["changed"] for deed in deeds] == ["made", "made", "revoked"]
    assert {deed.action for deed in deeds} == {Action.KEY_CHANGED}
    assert deeds[0].subject == deeds[2].subject == f"key/{prefix}"
    assert deeds[1].party == "P1" and deeds[1].detail["role"] == "supplier"


def test_a_key_that_can_not_be_written_down_is_neither_made_nor_revoked(store: KeyStore) -> None:
    def full(key: StoredKey, what: str) -> None:
        raise Unavailable("the trail is away")

    prefix = Keys(store, Clock()).create("plant", "urn:mes").split("_")[1]
    keys = Keys(store, Clock(), full)
    with pytest.raises(Unavailable):
        keys.create("plant", "urn:other")
    with pytest.raises(Unavailable):
        keys.revoke(prefix)
    (kept,) = store.all()
    assert kept.revoked_at is None
