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
HUB_DELAY_SECONDS = Histogram(
    "milepost_hub_delay_seconds",
    "By how much a web process is late with what it does by the clock",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
SHED = Counter("milepost_shed_total", "Requests refused before they queued", ["site", "why"])
IN_FLIGHT = Gauge("milepost_door_in_flight", "Requests in the door", multiprocess_mode="livesum")
BACKLOG_SECONDS = Gauge(
    "milepost_log_backlog_seconds", "By how much the recorder is behind the log", ["site"],
    multiprocess_mode="mostrecent",
)  # fmt: skip
LOG_MEMORY = Gauge(
    "milepost_log_memory_ratio", "Share of its memory that the log's engine uses",
    multiprocess_mode="mostrecent",
)  # fmt: skip
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
