"""How a page at a desk says instants and lengths of time to its reader. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from layouts.text import NONE, Translator
from layouts.urls import Address, segment

_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60


class Reading(Struct, frozen=True, kw_only=True):
    """Language, time zone, the site's now, the address that links start from, parties' names."""

    t: Translator
    timezone: str
    now: datetime
    address: Address
    parties: Mapping[str, str] = {}

    def said(self, at: datetime) -> str:
        """Day and time at the site; the year when it isn't this one."""
        zone = ZoneInfo(self.timezone)
        same = at.astimezone(zone).year == self.now.astimezone(zone).year
        day = self.t.day(at, self.timezone) if same else self.t.date(at, self.timezone)
        return f"{day} {self.t.clock(at, self.timezone)}"

    def moment(self, at: datetime | None, css: str = "") -> Component:
        """Return an instant; its whole form shows on hovering."""
        if at is None:
            return html.Span(NONE, className="mp-quiet")
        local = at.astimezone(ZoneInfo(self.timezone))
        whole = local.isoformat(sep=" ", timespec="seconds")
        return html.Time(
            self.said(at), dateTime=local.isoformat(), title=whole, className=css or None
        )

    def second(self, at: datetime) -> str:
        """Day and time to the second."""
        local = at.astimezone(ZoneInfo(self.timezone))
        return f"{self.t.day(at, self.timezone)} {local:%H:%M:%S}"

    def order(self, order: str) -> str:
        """Return the address of an order's page."""
        return self.address.href(f"/orders/{segment(order)}")


def lasting(seconds: float, t: Translator) -> str:
    """Length of time to the second, in all its units: `2 d 3 h 12 min`."""
    left = abs(int(seconds))
    days, left = divmod(left, _DAY_S)
    hours, left = divmod(left, _HOUR_S)
    minutes, left = divmod(left, _MINUTE_S)
    parts = [t("{days} d", days=t.number(days))] if days else []
    parts += [t("{hours} h", hours=hours)] if hours else []
    parts += [t("{minutes} min", minutes=minutes)] if minutes else []
    parts += [t("{seconds} s", seconds=left)] if left or not parts else []
    return " ".join(parts)


def signed(seconds: float, t: Translator) -> str:
    """Length of time with its sign, to the second; nothing has none."""
    whole = int(seconds)
    return f"{sign(whole)}{lasting(whole, t)}"


def brief(length: timedelta | None, t: Translator) -> str:
    """Length of time with its sign in two units at most."""
    if length is None:
        return NONE
    seconds = length.total_seconds()
    return f"{sign(int(seconds))}{t.duration(abs(seconds))}"


def clocked(seconds: int) -> str:
    """Length of time as hours, minutes and seconds, for columns: `26:10:05`."""
    hours, left = divmod(abs(seconds), _HOUR_S)
    return f"{hours}:{left // _MINUTE_S:02}:{left % _MINUTE_S:02}"


def sign(seconds: float) -> str:
    """Return plus, minus, or nothing for nothing."""
    if not seconds:
        return ""
    return "+" if seconds > 0 else "−"
