"""For whom somebody who is invited speaks: a party, found by its name among those of the sites.

Pure. Imported by `callbacks.people` alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from data.domain.people import OUTSIDE, Account, PersonError
from data.domain.scope import Role
from data.domain.site import Party, Site
from layouts.pages.people import EVERY_SITE, PartyChoice


def choices(models: Iterable[Site]) -> list[PartyChoice]:
    """Return the parties that an account can speak for, by name, each once for all its sites."""
    found: dict[tuple[Role, str, str], list[str]] = {}
    for model in models:
        for one in model.parties:
            if one.kind in OUTSIDE:
                found.setdefault((Role(one.kind), one.id, one.name), []).append(model.name)
    names = [(role, name.casefold()) for role, _, name in found]
    made = [
        PartyChoice(
            role=role, id=party, name=name, sites=tuple(sites),
            words=name if names.count((role, name.casefold())) == 1 else f"{name} ({party})",
        )
        for (role, party, name), sites in found.items()
    ]  # fmt: skip
    return sorted(made, key=lambda one: (one.words.casefold(), one.id))


def party_of(
    models: Mapping[str, Site], role: Role, words: str, sites: Collection[str]
) -> str | None:
    """Return the id of the party that was typed or chosen, at the sites that were; else None.

    A name serves as well as an id, where only one party of the role has it. An id that stands
    for another party at one of the sites is refused: its rows are none of this one's.

    Raises: PersonError.
    """
    if role not in OUTSIDE:
        return None
    found = _meant(choices(models.values()), role, words.strip().casefold())
    there = [one for key, one in models.items() if EVERY_SITE in sites or key in sites]
    same = [party for model in there for party in model.parties if party.id == found.id]
    if not any(party.name == found.name and party.kind == role for party in same):
        raise PersonError("party-absent", "a party of the sites")
    if any(party.name != found.name for party in same):
        raise PersonError("party-another", "one party behind one id")
    return found.id


def name_of(account: Account, models: Mapping[str, Site]) -> str:
    """Return what the party is called that someone speaks for; nothing where that isn't known."""
    for key, model in models.items():
        if EVERY_SITE in account.sites or key in account.sites:
            for one in model.parties:
                if _is(one, account):
                    return one.name
    return ""


def _is(party: Party, account: Account) -> bool:
    return party.id == account.party and party.kind == account.role


def _meant(known: Sequence[PartyChoice], role: Role, words: str) -> PartyChoice:
    """Return the only one of a role that something typed stands for.

    Raises: PersonError.
    """
    own = [one for one in known if one.role is role]
    for said in ("words", "id"):
        found = [one for one in own if getattr(one, said).casefold() == words]
        if len(found) == 1:
            return found[0]
    raise PersonError("party", "one of the list")
