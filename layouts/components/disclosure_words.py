"""What kinds of rows, their fields and treatments are called. Pure; used by `layouts.pages`."""

from collections.abc import Mapping

from data.domain.policy import Kind, Treatment
from layouts.text import Translator, msgid

KINDS = {
    Kind.NEED: msgid("Material needs"),
    Kind.OPERATION: msgid("Operations"),
    Kind.MILESTONE: msgid("Milestones"),
    Kind.ORDER: msgid("Orders"),
    Kind.EXCEPTION: msgid("Exceptions"),
}
TREATMENTS = {
    Treatment.SHOW: msgid("shown"),
    Treatment.BUCKET: msgid("roughly"),
    Treatment.MASK: msgid("pseudonym"),
    Treatment.HIDE: msgid("hidden"),
}
FIELDS = {
    "acknowledged_at": msgid("Acknowledged at"),
    "after_at": msgid("Date, after the exception"),
    "area": msgid("Line"),
    "baseline_at": msgid("Date, baseline"),
    "before_at": msgid("Date, before the exception"),
    "cause": msgid("Cause"),
    "committed_at": msgid("Date, committed"),
    "completed_at": msgid("Completed at"),
    "condition": msgid("Condition"),
    "confirmed_at": msgid("Date, confirmed"),
    "critical": msgid("On the critical chain"),
    "customer": msgid("Customer"),
    "dispatch_advice": msgid("Dispatch advice"),
    "done": msgid("Operations done"),
    "due_at": msgid("Due"),
    "early_at": msgid("Needed at the earliest"),
    "exception": msgid("Exception"),
    "family": msgid("Product family"),
    "finished_at": msgid("Finished at"),
    "forecast_need_by": msgid("Needed by, forecast"),
    "forecast_p50_at": msgid("Forecast, P50"),
    "forecast_p80_at": msgid("Forecast, P80"),
    "forecast_start_at": msgid("Start, forecast"),
    "good": msgid("Good pieces"),
    "inspected": msgid("Pieces inspected"),
    "late_s": msgid("Late by"),
    "milestone": msgid("Milestone"),
    "moved_s": msgid("Moved by"),
    "name": msgid("Designation"),
    "need": msgid("Material need"),
    "need_by": msgid("Needed by, planned"),
    "operation": msgid("Operation"),
    "operations": msgid("Operations in all"),
    "order": msgid("Order"),
    "order_due_at": msgid("Order due"),
    "part": msgid("Part"),
    "passed": msgid("Pieces passed"),
    "performed_by": msgid("Performed by"),
    "planned_finish": msgid("Finish, planned"),
    "planned_start": msgid("Start, planned"),
    "product": msgid("Product"),
    "promised_at": msgid("Promised for"),
    "quantity": msgid("Quantity"),
    "raised_at": msgid("Raised at"),
    "reached_at": msgid("Reached at"),
    "reason": msgid("Reason"),
    "received": msgid("Received"),
    "released_at": msgid("Released at"),
    "requested_at": msgid("Date, requested"),
    "rework": msgid("Pieces reworked"),
    "scrap": msgid("Scrap"),
    "severity": msgid("Severity"),
    "shipped": msgid("Shipped"),
    "since": msgid("Since"),
    "standing": msgid("Standing"),
    "started_at": msgid("Started at"),
    "state": msgid("Standing of the exception"),
    "status": msgid("State"),
    "supplier": msgid("Supplier"),
    "work_center": msgid("Work center"),
    "work_unit": msgid("Work unit"),
}


def fields_said(fields: Mapping[Treatment, tuple[str, ...]], t: Translator) -> list[str]:
    """Say which fields are disclosed, a sentence for each treatment."""
    return [
        f"{t(TREATMENTS[treatment])}: {', '.join(t(FIELDS[name]) for name in names)}"
        for treatment, names in fields.items()
    ]
