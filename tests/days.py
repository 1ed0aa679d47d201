"""Days of sites that tests run on the real clock: no midnight of theirs comes meanwhile."""

from datetime import datetime

BEGUN_H = 6


def zone_of_a_morning(now: datetime) -> str:
    """Return a time zone where the day began six hours ago, or nearly seven."""
    west = (now.hour - BEGUN_H) % 24
    return f"Etc/GMT{'+' if west <= 12 else '-'}{west if west <= 12 else 24 - west}"
