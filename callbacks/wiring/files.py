"""What reads and writes files that people send; its libraries are loaded by the first.

So the start of a web process stays short. Imported by the other modules of `web` alone.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.connectors.plan_files import PlanFile
    from data.domain.site import Site
    from data.services.supply_files import NeedFile


def read_plan(name: str, content: bytes, site: "Site") -> "PlanFile":
    """Read a plan file, as `data.connectors.plan_files` does."""
    from data.connectors import plan_files

    return plan_files.read_plan(name, content, site)


def read_needs(content: bytes, headings: Mapping[str, str], timezone: str) -> "NeedFile":
    """Read a file of promises, as `data.connectors.need_files` does."""
    from data.connectors import need_files

    return need_files.read(content, headings, timezone)


def template(form: Any, site: "Site | None") -> bytes:
    """Return an empty plan file, as `data.connectors.plan_files` makes it."""
    from data.connectors import plan_files

    return plan_files.template(form, site)
