"""The HTTP API of one process, called with a machine's key: for tests on real engines."""

from typing import Any
from urllib.parse import quote

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from callbacks.api import Api
from callbacks.hub import Hub
from callbacks.operating import Operating
from data.connectors.plan_files import read_plan, template
from data.services.keys import Keys
from data.store.keys import KeyStore
from tests.contract.world import PLANT, World

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Caller:
    """One process's API, called with one key."""

    def __init__(self, world: World, key: str, http: FlaskClient) -> None:
        self.world = world
        self.key = key
        self.http = http

    def call(self, method: str, path: str, body: Any, kind: str, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": kind, **headers}
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.http.open(f"/api/v1{path}", method=method, data=data, headers=sent)

    def post(self, body: Any, kind: str = STRUCTURED, **headers: str) -> TestResponse:
        return self.call("POST", "/events", body, kind, **headers)

    def put(self, path: str, body: Any, kind: str = JSON) -> TestResponse:
        return self.call("PUT", path, body, kind)


def api_of(world: World, **key: Any) -> Caller:
    keys = Keys(KeyStore(world.sql), world.clock)
    api = Api(world.ingest, world.sites, keys, world.log, read_plan, template, world.clock)
    pings = {"log": world.log.ping, "history": world.history.ping}
    server = Flask("test")
    server.register_blueprint(api.blueprint())
    server.register_blueprint(Operating(world.sites, Hub("build"), pings).blueprint())
    made = keys.create(**{"site": PLANT.id, "source": "mes", **key})
    return Caller(world, made, server.test_client())


def binary(one: dict[str, Any]) -> dict[str, str]:
    return {
        f"ce-{name}": quote(value, safe=":/+")
        for name, value in one.items()
        if name != "data" and value is not None
    }
