"""What came of a recorder's work, and how its store fails: for the tests of the recorder."""

from typing import NoReturn

import psycopg

from tests.contract.world import PLANT, World

STREAM = f"mp:{{{PLANT.id}}}:events"


def good_of(world: World, operation: str = "10") -> int:
    """Good pieces of an operation of the first order, as recorded."""
    query = "SELECT good FROM operation WHERE order_id = 'SO-1' AND operation_id = %s"
    return sum(row[0] for row in world.rows(query, operation))


def fail(*_: object) -> NoReturn:
    """Stands where the store does something."""
    raise psycopg.OperationalError("the server closed the connection unexpectedly")
