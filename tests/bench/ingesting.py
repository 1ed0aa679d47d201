"""The door: batches over HTTP into one web process, each on disk before it is acknowledged."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec

from tests.bench import workload
from tests.bench.figures import Measurement, at_least
from tests.bench.stage import BATCH, Client, Stage, put_site, running

SENDERS = 4


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    now, count = datetime.now(UTC), 10_000 if quick else 60_000
    bodies = _bodies([workload.envelope_of(event) for event in workload.reports(count, now)])
    plans = [workload.envelope_of(event) for event in workload.plans(count, now)[1:]]
    ground = stage.fresh()
    with running(ground, "web") as program:
        key = ground.key(workload.SITE, workload.SOURCE)
        clients = [Client(program.port, key) for _ in range(SENDERS)]
        put_site(clients[0], program.port, msgspec.to_builtins(workload.site_model()))
        clients[0].post(plans)
        begun = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            for sent in [
                pool.submit(_send, client, bodies[number::SENDERS])
                for number, client in enumerate(clients)
            ]:
                sent.result()
        rate = count / (time.perf_counter() - begun)
    return [at_least("HTTP ingest, batches of 500, durable", rate, "events/s", 5000)]


def _send(client: Client, bodies: list[bytes]) -> None:
    for body in bodies:
        client.post_body(body, BATCH)


def _bodies(envelopes: list[dict]) -> list[bytes]:
    return [
        json.dumps(envelopes[first : first + BATCH]).encode()
        for first in range(0, len(envelopes), BATCH)
    ]
