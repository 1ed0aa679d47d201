"""Parts of a page that only show and link, as one component instead of thousands.

Dash asks every component of a page at every change whether it concerns them, so a body of two
thousand elements keeps a browser busy for seconds. What needs no callback is sent as one value
and drawn by `assets/still.js`, which changes only what differs: what is unfolded, focused or
scrolled stays so. Pure.
"""

import json
from collections.abc import Iterator
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

Node = str | list[Any]  # a text, or [tag, attributes, children]

OWN = {"data-own": "1"}  # of what a script fills in: it stays when its surroundings are drawn anew
SAYS = {"aria-live": "polite", **OWN}  # of the place where a script says what was done

_ATTRIBUTES = {"className": "class", "dateTime": "datetime", "tabIndex": "tabindex"}
_LEFT_OUT = ("children", "style")


class Element(Struct, frozen=True):
    """An element that `dash.html` doesn't have, such as a plain input; attributes as in HTML.

    True stands for an attribute without a value; None and False leave it out.
    """

    tag: str
    attributes: dict[str, Any] = {}
    children: Any = None


def still(tree: Component | Element, id: str, css: str | None = None) -> Component:
    """Return a tree of `dash.html` elements as one component.

    Raises: TypeError for a component that needs Dash, such as an input or a chart.
    """
    node = json.dumps(node_of(tree), ensure_ascii=False, separators=(",", ":"))
    return html.Div(id=id, className=css, **{"data-still": node})


def node_of(component: Component | Element) -> Node:
    """Return an element as [tag, attributes, children]."""
    if isinstance(component, Element):
        given = _given(component.attributes)
        return [component.tag, given, list(_children(component.children))]
    if component._namespace != "dash_html_components":
        raise TypeError(f"{component._type}: only elements of dash.html can be still")
    props = component.to_plotly_json()["props"]
    attributes = _given(props)
    if props.get("style"):
        attributes["style"] = props["style"]
    return [component._type.lower(), attributes, list(_children(props.get("children")))]


def _given(props: dict[str, Any]) -> dict[str, Any]:
    return {
        _ATTRIBUTES.get(name, name): "" if value is True else str(value)
        for name, value in props.items()
        if name not in _LEFT_OUT and value is not None and value is not False
    }


def _children(value: Any) -> Iterator[Node]:
    if value is None:
        return
    if isinstance(value, Component | Element):
        yield node_of(value)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _children(child)
    else:
        yield str(value)
