"""How gunicorn serves `app:server`; found by itself in the folder that gunicorn is started in.

Anything here gives way to the command line: `gunicorn -w 4 -b 127.0.0.1:8051 app:server`.

Nobody waits for a process that is being started: its port refuses until a worker has every
board loaded, and a proxy asks another process at once. A worker that is told to stop ends its
streams, so that its viewers go on elsewhere.
"""

import os
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

import gevent
from prometheus_client import multiprocess

worker_class = "gevent"
bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8050'}"
worker_connections = 10_000  # a stream takes one each
keepalive = 75  # longer than the proxy's 5 s: a connection never closes under a request,
graceful_timeout = 10  # nor does it where a worker ends
timeout = 60  # a worker whose loop stands still for so long is replaced
max_requests = 0  # nothing is restarted by count: streams would end with it
forwarder_headers = ""
control_socket_disable = True  # signals are enough, and several on one host would share its path
_LOOK_S = 0.1
_READY_WITHIN_S = 30.0  # then it serves what it can, and says what is missing


def when_ready(server: Any) -> None:
    """Refuse connections until a worker can answer (where the system can take a port back)."""
    for listener in server.LISTENERS:
        with suppress(OSError):
            listener.sock.shutdown(socket.SHUT_RD)


def post_worker_init(worker: Any) -> None:
    """Let requests in once every board is there; end the streams when the worker has to stop."""
    life = worker.wsgi.extensions["milepost_life"]
    until = time.monotonic() + _READY_WITHIN_S
    while worker.alive and not life.is_ready() and time.monotonic() < until:
        worker.notify()
        gevent.sleep(_LOOK_S)
    worker.handle_error = partial(_answer_unless_ended, worker.handle_error)
    for listener in worker.sockets:
        listener.listen(worker.cfg.backlog)
    gevent.spawn(_hand_over, worker, life)


def child_exit(server: Any, worker: Any) -> None:
    """Take what a worker that ended had open out of the figures of all."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)


def _answer_unless_ended(answer: Any, request: Any, client: Any, address: Any, error: Any) -> None:
    """Answer a mistake with 500, as gunicorn does; say nothing where a worker that ends hangs up.

    A proxy that has just sent a request there would take the 500 for its answer; where nothing is
    answered it asks another process.
    """
    if not isinstance(error, gevent.GreenletExit):
        answer(request, client, address, error)


def _hand_over(worker: Any, life: Any) -> None:
    while worker.alive:
        gevent.sleep(_LOOK_S)
    life.close()
