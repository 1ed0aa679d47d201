"""What a page that stands in for another asks until that is there; `assets/again.js` does it.

A screen on a wall has nobody who would load it anew. Imported by the pages that say "one moment".
"""

from typing import NamedTuple

EARLY, NONE, THERE = "early", "none", "there"


class Again(NamedTuple):
    """Where to ask for the state, and which one is shown: once it differs, the page is over."""

    asked: str
    shown: str

    def marks(self) -> dict[str, str]:
        """Return the attributes by which the script knows."""
        return {"data-again": self.asked, "data-shown": self.shown}
