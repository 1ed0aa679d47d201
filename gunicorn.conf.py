"""How gunicorn serves `app:server`; found by itself in the folder that gunicorn is started in.

Anything here gives way to the command line: `gunicorn -w 4 -b 127.0.0.1:8051 app:server`.
"""

import os
from typing import Any

import gevent
from prometheus_client import multiprocess

worker_class = "gevent"
bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8050'}"
worker_connections = 10_000  # a stream takes one each
keepalive = 75  # longer than the proxy's 60 s: a connection never closes under a request
graceful_timeout = 10
timeout = 60  # a worker whose loop stands still for so long is replaced
max_requests = 0  # nothing is restarted by count: streams would end with it
forwarder_headers = ""
control_socket_disable = True  # signals are enough, and several on one host would share its path
_LOOK_S = 0.2


def post_worker_init(worker: Any) -> None:
    """End the worker's streams as soon as it is told to stop."""
    gevent.spawn(_hand_over, worker)


def child_exit(server: Any, worker: Any) -> None:
    """Take what a worker that ended had open out of the figures of all."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)


def _hand_over(worker: Any) -> None:
    while worker.alive:
        gevent.sleep(_LOOK_S)
    worker.wsgi.extensions["milepost_hub"].close()
