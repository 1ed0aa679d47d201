"""`python app.py` alone: engines, web, worker, watch, notifier and demo on this machine.

Each is a child of this process. Imported by `app`.
"""

import sys
from functools import partial
from urllib.request import urlopen

from data.commands.greeting import greet
from data.processes import Child, ChildError
from data.settings import Settings
from data.store.embedded import EmbeddedPostgres
from data.stream.embedded import EmbeddedRedis
from data.supervise import Supervisor
from data.wiring import address


def run_all(settings: Settings, program: str) -> int:
    """Run everything until told to stop. `program`: the file whose commands the parts are."""
    settings.var.mkdir(parents=True, exist_ok=True)
    children, env = [], {"MILEPOST_BUILD": settings.build}
    try:
        if settings.redis_url is None:
            redis = EmbeddedRedis(settings.var / "redis")
            children.append(redis.child())
        if settings.database_url is None:
            postgres = EmbeddedPostgres(settings.var / "postgres")
            children.append(postgres.child())
    except ChildError as error:
        print(error, file=sys.stderr)
        return 1
    env["REDIS_URL"] = settings.redis_url or redis.url
    env["DATABASE_URL"] = settings.database_url or postgres.url
    for name in ("worker", "watch", "notify", *(["demo"] if settings.demo else []), "web"):
        argv = (sys.executable, program, name)
        ready = partial(_answers, settings) if name == "web" else None
        children.append(Child(name=name, argv=argv, env=env, ready=ready))
    return Supervisor(children, lambda: greet(settings, env)).run()


def _answers(settings: Settings) -> bool:
    """Whether the web process is alive."""
    try:
        with urlopen(f"{address(settings)}/healthz", timeout=1) as answer:  # nosec B310
            return bool(answer.status == 200)
    except OSError:
        return False
