"""Figures of this process for Prometheus; `/metrics` shows them."""

from prometheus_client import Counter, Gauge, Histogram

VIEWERS = Gauge("milepost_viewers", "Open live streams", multiprocess_mode="livesum")
CHANNELS = Gauge("milepost_channels", "Channels that are rendered", multiprocess_mode="livesum")
FRAMES = Counter("milepost_frames_total", "Frames handed to viewers")
SNAPSHOTS = Counter("milepost_snapshots_total", "Snapshots sent to who starts or fell behind")
RENDER_SECONDS = Histogram(
    "milepost_render_seconds",
    "Time to render one channel's change",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
)
SEND_SECONDS = Histogram(
    "milepost_send_seconds",
    "Time to hand one viewer's frames to its connection",
    buckets=(0.0001, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0),
)
EVENTS = Counter("milepost_events_total", "Events at the door", ["site", "status"])
READER_LAG_SECONDS = Gauge(
    "milepost_reader_lag_seconds", "Age of a reader's last note", ["site", "reader"]
)
FORECAST_COVERAGE = Gauge(
    "milepost_forecast_coverage",
    "Share of the last closed orders' moments that P80 covered",
    ["site"],
)
EVENT_AGE_SECONDS = Gauge("milepost_event_age_seconds", "Age of the newest event", ["site"])
