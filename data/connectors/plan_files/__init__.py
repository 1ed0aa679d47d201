"""Plans from files that a planner fills in: JSON, CSV, XLSX; and the templates for them.

Imported by the wiring alone, which hands it to the command line and the HTTP API. A file gives
either orders or errors, never both, so a bad file changes nothing.
"""

from data.connectors.plan_files.reading import read_plan
from data.connectors.plan_files.report import MAX_BYTES, MAX_ERRORS, MAX_ROWS, PlanFile, RowError
from data.connectors.plan_files.writing import EXAMPLE_SITE, Form, template, write_plan
from data.domain.plan_rules import to_envelopes

__all__ = [
    "EXAMPLE_SITE",
    "MAX_BYTES",
    "MAX_ERRORS",
    "MAX_ROWS",
    "Form",
    "PlanFile",
    "RowError",
    "read_plan",
    "template",
    "to_envelopes",
    "write_plan",
]
