"""How good this program's alarms are: `assess` sums up, `records` is what comes of it."""
