"""What stands in the still parts of a page, for tests that read it."""

import json
from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def nodes(tree: Component) -> Iterator[Any]:
    """Every [tag, attributes, children] and text of the page's still parts, in order."""
    places = (getattr(part, "data-still", None) for part in tree._traverse())
    waiting = [json.loads(place) for place in places if place]
    while waiting:
        node, *waiting = waiting
        yield node
        waiting = waiting if isinstance(node, str) else [*node[2], *waiting]
