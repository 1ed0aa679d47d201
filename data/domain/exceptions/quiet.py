"""What a recipient's preferences let through, and until when the rest waits.

Pure. Imported by whoever plans deliveries.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from data.domain.exceptions.records import Severity
from data.domain.preferences import Preference, Quiet
from data.domain.tellings import News

_RANK = {Severity.LOW: 0, Severity.HIGH: 1, Severity.CRITICAL: 2}
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)


def lets_through(preference: Preference, severity: Severity, news: News) -> bool:
    """Whether somebody wants to be told by a way that goes out.

    What has escalated to somebody is theirs now, however little they want to hear otherwise.
    """
    if news is News.RETURNED:
        return preference.returns and _RANK[severity] >= _RANK[preference.least]
    return news is News.ESCALATED or _RANK[severity] >= _RANK[preference.least]


def held_until(
    preference: Preference, severity: Severity, timezone: str, now: datetime
) -> datetime | None:
    """Return until when it waits to be told together with others; None: it goes out now.

    Digests are due at the same instants for everybody, however often this is asked.
    """
    if severity is Severity.CRITICAL and preference.critical_breaks:
        return None
    at = _next_digest(now, preference.digest_min)
    if preference.quiet is not None:
        at = _after(preference.quiet, timezone, at)
    return at if at > now else None


def _next_digest(now: datetime, every_min: int) -> datetime:
    if not every_min:
        return now
    every = timedelta(minutes=every_min)
    return now + (every - (now - _MIDNIGHT) % every)


def _after(quiet: Quiet, timezone: str, at: datetime) -> datetime:
    """Return the instant itself, or the end of the quiet hours that it lies in."""
    local = at.astimezone(ZoneInfo(timezone))
    if not quiet.covers(local.time()):
        return at
    hour, minute = map(int, quiet.finish.split(":"))
    finish = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if finish.time() <= local.time():
        finish += timedelta(days=1)  # of the wall's clock: a day that is shorter ends earlier
    return max(finish.astimezone(UTC), at)
