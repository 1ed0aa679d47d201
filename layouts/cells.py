"""Cells: the unit in which a live page is rendered, compared and sent.

A panel has a *skeleton* (a component tree with fixed ids, made once) and a *render* (view in,
cells out). The first paint fills the skeleton; the push sends the cells that changed. Pure.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dash.development.base_component import Component

# A cell says what one element shows: "t" its text, "c" its class names, "s" its style
# properties (CSS custom properties too), each only where the panel sets it.
Cell = dict[str, Any]
Cells = dict[str, Cell]
Translate = Callable[..., str]


def text(value: str) -> Cell:
    """Return a cell that is a text only."""
    return {"t": value}


def fill(tree: Component, cells: Mapping[str, Cell]) -> Component:
    """Put cells into a skeleton (in place) and return it.

    Raises: KeyError naming the cells that no element of the skeleton has.
    """
    left = dict(cells)
    for component in (tree, *tree._traverse()):
        cell = left.pop(getattr(component, "id", None), None) if _has_id(component) else None
        if cell is not None:
            _apply(component, cell)
    if left:
        raise KeyError(", ".join(sorted(left)))
    return tree


def changed(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> Cells:
    """Return the cells that differ; those gone are sent with an empty text."""
    return {name: cell for name, cell in after.items() if before.get(name) != cell}


def _has_id(component: Any) -> bool:
    return isinstance(component, Component) and isinstance(getattr(component, "id", None), str)


def _apply(component: Component, cell: Cell) -> None:
    if "t" in cell:
        component.children = cell["t"]
    if "c" in cell:
        component.className = cell["c"]
    if "s" in cell:
        component.style = cell["s"]
