"""The panels of a wall; to add one, write its module and name it here."""

from types import ModuleType

from layouts.panels import (
    bottleneck,
    exceptions,
    figures,
    hours,
    milestones,
    needs,
    orders,
    work_units,
)

# Each module has TOPICS, SIZE, skeleton(place, t) and render(view, place, t).
PANELS: dict[str, ModuleType] = {
    "figures": figures,
    "work_units": work_units,
    "bottleneck": bottleneck,
    "milestones": milestones,
    "exceptions": exceptions,
    "hours": hours,
    "orders": orders,
    "needs": needs,
}
SIZES = {name: panel.SIZE for name, panel in PANELS.items()}
