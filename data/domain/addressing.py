"""How one piece of news goes to one person: in the program at once, and by a way as they want it.

Pure. Imported by whoever plans deliveries.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from data.domain.deliveries import Delivery, DeliveryState
from data.domain.exceptions.quiet import held_until
from data.domain.exceptions.records import Severity
from data.domain.people import Account
from data.domain.preferences import IN_APP, Preference


def addressed(
    news: Delivery, to: Account, said: Preference, timezone: str, *, goes_out: bool,
    not_before: datetime | None = None,
) -> Iterator[Delivery]:  # fmt: skip
    """Yield the deliveries of news to somebody. `goes_out`: by a way too, when they have one.

    `news`: the delivery without a recipient, in the language that is usual; planned now.
    """
    now = news.planned_at
    own = replace(
        news, recipient=to.id, name=to.name, role=to.role, party=to.party,
        language=said.language or news.language, way=IN_APP, address="", due_at=now,
    )  # fmt: skip
    yield replace(own, state=DeliveryState.SENT, done_at=now)
    if not goes_out or not said.ways:
        return
    start = max(now, not_before or now)
    until = held_until(said, news.severity or Severity.LOW, timezone, start)
    held = until or (start if start > now else None)
    first = said.ways[0]
    yield replace(
        own, way=first.way, address=first.address, others=said.ways[1:], due_at=held or now,
        state=DeliveryState.WAITING if held is None else DeliveryState.HELD,
        gather=held is not None,
    )  # fmt: skip
