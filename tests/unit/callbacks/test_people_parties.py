"""A party is found by its name, in its role, and never stands for another of the same id."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from callbacks.people_parties import choices, name_of, party_of
from data.domain.people import Account, PersonError
from data.domain.scope import Role
from data.domain.site import Party, Site
from layouts.pages import people
from layouts.text import LOCALES, translator

EVERY = [people.EVERY_SITE]


def party(id_: str, name: str, kind: str = "supplier") -> Party:
    return Party(id=id_, name=name, kind=kind)


def models(**parties: tuple[Party, ...]) -> dict[str, Site]:
    return {key: Site(id=key, name=key.title(), parties=own) for key, own in parties.items()}


HOUSE = models(
    north=(
        party("S1", "Acme"), party("S2", "Bolt & Co"), party("S3", "Bolt & Co"),
        party("C1", "Acme", "customer"), party("F", "North itself", "factory"),
    ),
    south=(party("S1", "Acme"), party("L1", "Harbour", "logistics")),
)  # fmt: skip


def account(role: Role, party_: str | None, *sites: str) -> Account:
    return Account(
        id="a", login="a@b", name="A", role=role, sites=sites, party=party_,
        created_at=datetime(2026, 11, 24, tzinfo=UTC),
    )  # fmt: skip


def test_each_party_can_be_chosen_once_for_all_its_sites_and_the_factory_never():
    assert [(one.role, one.words, one.id, one.sites) for one in choices(HOUSE.values())] == [
        (Role.CUSTOMER, "Acme", "C1", ("North",)),
        (Role.SUPPLIER, "Acme", "S1", ("North", "South")),
        (Role.SUPPLIER, "Bolt & Co (S2)", "S2", ("North",)),
        (Role.SUPPLIER, "Bolt & Co (S3)", "S3", ("North",)),
        (Role.LOGISTICS, "Harbour", "L1", ("South",)),
    ]


@pytest.mark.parametrize(
    ("role", "words", "found"),
    [
        (Role.SUPPLIER, "Acme", "S1"), (Role.SUPPLIER, " acme ", "S1"), (Role.SUPPLIER, "s1", "S1"),
        (Role.SUPPLIER, "Bolt & Co (S3)", "S3"), (Role.CUSTOMER, "Acme", "C1"),
        (Role.LOGISTICS, "HARBOUR", "L1"),
    ],
)  # fmt: skip
def test_a_party_is_found_by_its_name_in_any_case_or_by_its_id(role, words, found):
    assert party_of(HOUSE, role, words, EVERY) == found


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.SUPPLIER, ""), (Role.SUPPLIER, "Nobody"), (Role.SUPPLIER, "Bolt & Co"),
        (Role.SUPPLIER, "C1"), (Role.SUPPLIER, "Harbour"), (Role.CUSTOMER, "F"),
        (Role.CUSTOMER, "North itself"),
    ],
)  # fmt: skip
def test_what_means_no_party_of_the_role_or_several_is_refused(role, words):
    with pytest.raises(PersonError) as refused:
        party_of(HOUSE, role, words, EVERY)
    assert refused.value.field == "party"


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMINISTRATOR, Role.OPERATOR])
def test_a_role_of_the_factory_has_no_party_whatever_was_typed(role):
    assert party_of(HOUSE, role, "Acme", EVERY) is None


def test_a_party_that_none_of_the_chosen_sites_has_is_refused():
    with pytest.raises(PersonError) as refused:
        party_of(HOUSE, Role.SUPPLIER, "Bolt & Co (S2)", ["south"])
    assert refused.value.field == "party-absent"


def test_an_id_that_is_another_partys_at_one_of_the_sites_is_refused_there_alone():
    house = HOUSE | models(west=(party("S1", "Zeta"),))
    for sites in (EVERY, ["north", "west"]):
        with pytest.raises(PersonError) as refused:
            party_of(house, Role.SUPPLIER, "Acme", sites)
        assert refused.value.field == "party-another"
    assert party_of(house, Role.SUPPLIER, "Acme", ["north", "south"]) == "S1"
    assert party_of(house, Role.SUPPLIER, "Zeta", ["west"]) == "S1"


def test_an_accounts_party_is_named_as_a_site_of_its_owner_does():
    house = HOUSE | models(west=(party("S1", "Zeta"),))
    assert name_of(account(Role.SUPPLIER, "S1", "west"), house) == "Zeta"
    assert name_of(account(Role.SUPPLIER, "S1", "*"), house) == "Acme"
    assert name_of(account(Role.LOGISTICS, "L1", "north"), house) == ""
    assert name_of(account(Role.MANAGER, None, "*"), house) == ""


class Fields(HTMLParser):
    """The names of inputs, and the options of each list."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.typed: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self._list = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "input":
            self.typed[given.get("name", "")] = given.get("value") or ""
        if tag == "datalist":
            self._list = given["id"]
        if tag == "option" and self._list:
            self.lists.setdefault(self._list, []).append(given["value"])

    def handle_endtag(self, tag):
        self._list = "" if tag == "datalist" else self._list


def shown(**more) -> people.Shown:
    given = {"rows": [], "sites": {"north": "North"}, "parties": choices(HOUSE.values())}
    return people.Shown(**given | more)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_role_is_offered_the_parties_of_its_own_kind_and_keeps_what_was_typed(locale):
    typed = people.Typed(role="supplier", party="Bolt")
    found = Fields(people.layout(shown(typed=typed), "token", translator(locale)))
    assert found.lists == {
        "parties-supplier": ["Acme", "Bolt & Co (S2)", "Bolt & Co (S3)"],
        "parties-customer": ["Acme"],
        "parties-logistics": ["Harbour"],
    }
    assert (found.typed["party-supplier"], found.typed["party-customer"]) == ("Bolt", "")


def test_where_no_party_of_a_kind_is_known_it_says_where_they_come_from():
    page = people.layout(shown(parties=()), "token", translator("en"))
    assert Fields(page).lists == {} and page.count("parties come with a site") == 3


def test_an_account_is_listed_with_the_names_of_its_party_and_sites():
    row = people.Row(account=account(Role.SUPPLIER, "S1", "north"), sessions=0, own=False)
    for name, words in (("Acme <b>", "Acme &lt;b&gt;"), ("", "S1")):
        page = people.layout(shown(rows=[replace(row, party=name)]), "token", translator("en"))
        assert words in page and ">North<" in page


def test_a_name_is_text_wherever_it_stands():
    house = models(north=(party("S1", '"><script>'),))
    page = people.layout(shown(parties=choices(house.values())), "token", translator("en"))
    assert "<script>" not in page
