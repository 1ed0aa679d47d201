"""Rules and models of sites as they were a few seconds ago at most, for what asks all the time.

Imported by the wiring, which hands it to the notifier.
"""

from collections.abc import Callable, Sequence

from data.domain.exceptions.rules import Rule
from data.domain.site import Site
from data.services.planning import Plants, RuleBook

KNOWN_FOR_S = 5.0


class Lately:
    """Remembers what it was told, each for a while. Called from several threads."""

    def __init__(self, rules: RuleBook, plants: Plants, clock: Callable[[], float]) -> None:
        """`clock`: seconds that never go back."""
        self._rules, self._plants = rules, plants
        self._clock = clock
        self._known_rules: dict[str, tuple[float, Sequence[Rule]]] = {}
        self._known_sites: tuple[float, list[Site]] | None = None

    def of(self, site: str) -> Sequence[Rule]:
        """Return a site's rules.

        Raises: Unavailable.
        """
        known = self._known_rules.get(site)
        if known is None or self._clock() - known[0] >= KNOWN_FOR_S:
            known = self._clock(), self._rules.of(site)
            self._known_rules[site] = known
        return known[1]

    def sites(self) -> list[Site]:
        """Return every site's model.

        Raises: Unavailable.
        """
        known = self._known_sites
        if known is None or self._clock() - known[0] >= KNOWN_FOR_S:
            known = self._known_sites = self._clock(), self._plants.sites()
        return known[1]
