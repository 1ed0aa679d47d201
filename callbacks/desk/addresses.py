"""What an address of a desk page says, and whether it can be meant; nothing of it is believed yet.

Pure. For the shell, which asks whether who looks may see it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

from callbacks.desk.visit import LONGEST_VALUE, MOST_PARAMETERS, BadParameter, DeskPage
from layouts.urls import Address, segment

LONGEST_ADDRESS = 4000


def wished(wish: Any, pages: Sequence[DeskPage]) -> tuple[DeskPage | None, Address | None]:
    """Return the page and the address that a browser wishes to have drawn; twice None if neither.

    Shape: `{"path": …, "search": …}`, as a browser parts an address.
    """
    if not isinstance(wish, dict):
        return None, None
    path, search = wish.get("path"), wish.get("search")
    if not isinstance(path, str) or not isinstance(search, str):
        return None, None
    if len(path) + len(search) > LONGEST_ADDRESS:
        return None, None
    for page in pages:
        variables = _variables(page.path, path)
        if variables is not None:
            return page, address_of(page, {**parse_qs(search.lstrip("?")), **variables})
    return None, None


def check(query: Mapping[str, str]) -> None:
    """Refuse parameters that are too many, too long, or no text.

    Raises: BadParameter.
    """
    if len(query) > MOST_PARAMETERS:
        raise BadParameter(sorted(query)[-1], "short")
    for name, value in query.items():
        if len(value) > LONGEST_VALUE or "\x00" in value:
            raise BadParameter(name, "short")


def address_of(page: DeskPage, parameters: Mapping[str, Any]) -> Address:
    """Return the address that parameters of a page stand for; of several values the first."""
    names = [part[1:-1] for part in page.path.split("/") if part.startswith("<")]
    query, path = {}, page.path
    for name, value in parameters.items():
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str) and first:
            query[name] = unquote(first) if name in names else first
    for name in names:
        path = path.replace(f"<{name}>", segment(query.get(name, "")))
    return Address(path=path, query=query, variables=tuple(names))


def _variables(template: str, path: str) -> dict[str, str] | None:
    """Return the variables of a path that fits a page's; None when it doesn't."""
    wanted, given = template.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(given):
        return None
    found = {}
    for part, value in zip(wanted, given, strict=True):
        if part.startswith("<"):
            found[part[1:-1]] = value
        elif part != value:
            return None
    return found
