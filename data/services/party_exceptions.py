"""What a party outside reads and does about exceptions: acknowledge one, say something about it.

A party never learns an exception's number: it names it as it is disclosed to it. Here its own
rows are disclosed once more and the name is sought among them, so one of somebody else's, or of
nothing at all, is simply not there. Imported by the parties' page.
"""

from collections.abc import Mapping

from data.domain.exceptions.records import Note
from data.domain.scope import Scope
from data.services.boards import Boards
from data.services.errors import Forbidden
from data.services.exception_desk import Acting, ExceptionDesk
from data.services.live import LiveSite
from data.services.sites import Sites


class PartyExceptions:
    """Exceptions by the names under which a party knows them."""

    def __init__(self, sites: Sites, boards: Boards, desk: ExceptionDesk) -> None:
        self._sites = sites
        self._boards = boards
        self._desk = desk

    def numbers(self, scope: Scope, site: str) -> dict[str, int]:
        """Return the numbers of a party's exceptions by their names; never shown.

        Raises: Forbidden, Unavailable.
        """
        found = self._boards.exceptions(scope, self._live(scope, site))
        names = {number: name_of(rows[0]) for number, rows in found.items() if rows}
        return {name: number for number, name in names.items() if name is not None}

    def notes(self, scope: Scope, site: str, name: str) -> tuple[Note, ...]:
        """Return what the party and the factory said to each other about an exception.

        Raises: Forbidden, Unavailable.
        """
        return self._desk.thread(scope, site, self._find(scope, site, name)).notes

    def acknowledge(self, acting: Acting, site: str, name: str, words: str) -> None:
        """Say that it was seen, as it stands now.

        Raises: Forbidden, Moved, IllegalMove, WantedError, Unavailable.
        """
        number = self._find(acting.scope, site, name)
        case = self._desk.case(acting.scope, site, number)
        self._desk.acknowledge(acting, site, number, case.version, words)

    def comment(self, acting: Acting, site: str, name: str, words: str) -> None:
        """Say something to the factory about it.

        Raises: Forbidden, WantedError, Unavailable.
        """
        self._desk.comment(acting, site, self._find(acting.scope, site, name), words)

    def _find(self, scope: Scope, site: str, name: str) -> int:
        number = self.numbers(scope, site).get(name)
        if number is None:
            raise Forbidden(site)
        return number

    def _live(self, scope: Scope, site: str) -> LiveSite:
        """Return the site, when rows of it are disclosed to the party; live, not cached."""
        live = next((one for one in self._sites.disclosing(scope) if one.site == site), None)
        if live is None or not scope.outside:
            raise Forbidden(site)
        live.renew()
        return live


def name_of(row: Mapping[str, object]) -> str | None:
    """Return the name of a row's exception as it is disclosed; None where that is hidden."""
    name = row.get("exception")
    return None if name is None else str(name)
