"""Addresses: what a page shows stands in its address alone, so a link shows the same. Pure."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from msgspec import Struct

STAYING = ("site", "at")  # parameters that go along to another page


class Address(Struct, frozen=True, kw_only=True):
    """A page's path and its parameters; `variables` name those that stand in the path."""

    path: str
    query: Mapping[str, str]
    variables: tuple[str, ...] = ()

    def href(self, path: str | None = None, **changes: str | None) -> str:
        """Return this address with parameters changed; None takes one out.

        On another path only the site and the instant stay.
        """
        here = path is None or path == self.path
        kept = {
            name: value
            for name, value in self.query.items()
            if name not in self.variables and (here or name in STAYING)
        }
        return address(path or self.path, {**kept, **changes})


def address(path: str, parameters: Mapping[str, str | None]) -> str:
    """Return a path with parameters, quoted; those that are None or empty are left out."""
    given = [(name, value) for name, value in sorted(parameters.items()) if value]
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def segment(name: str) -> str:
    """Quote a name for one part of a path."""
    return quote(name, safe="")
