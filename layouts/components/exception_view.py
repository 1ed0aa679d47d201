"""What the page of one exception is made of, and how its parts say instants and readers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.exceptions.evidence import Evidence
from data.domain.exceptions.records import Case, Note, Transition
from layouts.components.exception_forms import Sender
from layouts.components.exception_words import Words
from layouts.components.reading import Reading
from layouts.text import NONE, msgid

HITS = {"order": msgid("order"), "milestone": msgid("milestone"), "need": msgid("material")}


class Delivered(Struct, frozen=True, kw_only=True):
    """What became of telling somebody. `at`: of the last attempt, real time."""

    way: str
    recipient: str
    state: str
    attempts: int = 0
    answer: str = ""
    at: datetime | None = None


class CaseView(Struct, frozen=True, kw_only=True):
    """Everything known of one exception. `names`: of accounts, as `account/<id>`.

    `parties`: names of those that may be named to the viewer. `people`: to whom it can be handed
    over. `mine`: the viewer has it. `marked`: what they said of it. `sees_orders`: the pages on
    orders are open to them. `deliveries`: None where nobody can be told. `evidence`: None while it
    can't be reached.
    """

    case: Case
    transitions: Sequence[Transition]
    notes: Sequence[Note]
    inside: Sequence[Case]
    marks: Mapping[str, bool]
    reading: Reading
    real_now: datetime
    areas: Mapping[str, str]
    rule: str
    names: Mapping[str, str] = {}
    people: Mapping[str, str] = {}
    mine: bool = False
    marked: bool | None = None
    sees_orders: bool = True
    sees_parties: bool = True
    parent: Case | None = None
    deliveries: Sequence[Delivered] | None = None
    evidence: Evidence | None = Evidence()
    sender: Sender | None = None

    @property
    def words(self) -> Words:
        """How instants are said."""
        reading = self.reading
        return Words(reading.t, reading.timezone, reading.now, reading.parties)

    def party(self, party: str) -> str:
        """Return what a party is called; nothing where it may not be named to the viewer."""
        return self.reading.parties.get(party, party if self.sees_orders else "")


def moment(at: datetime | None, view: CaseView) -> Component | str:
    """Return an instant; its whole form shows on hovering."""
    if at is None:
        return NONE
    exact = view.reading.t.exact(at, view.reading.timezone)
    return html.Time(view.words.at(at), title=exact, dateTime=at.isoformat())


def when(at: datetime, view: CaseView) -> Component:
    """Return the instant of an entry, at its end."""
    exact = view.reading.t.exact(at, view.reading.timezone)
    return html.Time(view.words.at(at), title=exact, dateTime=at.isoformat(), className="mp-x-at")


def read_by(party: str, view: CaseView) -> str:
    """Return who reads what is said to a party too."""
    t = view.reading.t
    return t("{party} reads this too", party=view.party(party) or t("a party"))
