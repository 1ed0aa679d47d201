"""A stream that can't be had says whether there is none or whether that isn't known yet."""

from types import SimpleNamespace

import pytest
from flask import Flask

from callbacks import streams
from callbacks.hub import Hub
from data.services.errors import Unavailable


class NoWalls:
    """Walls of a process that knows of none."""

    def __init__(self, loaded: bool) -> None:
        self.sites = SimpleNamespace(loaded=loaded)

    def screen(self, screen_id: str, language: str) -> None:
        return None


def asked(loaded: bool) -> int:
    server = Flask("test")
    server.register_blueprint(streams.blueprint(Hub("build"), NoWalls(loaded)))  # type: ignore[arg-type]
    server.register_error_handler(Unavailable, lambda error: ("", 503))
    return server.test_client().get("/live/wall/works.L1").status_code


@pytest.mark.parametrize(("loaded", "status"), [(False, 503), (True, 404)])
def test_while_boards_are_being_loaded_no_wall_is_said_to_be_none(
    loaded: bool, status: int
) -> None:
    assert asked(loaded) == status
