"""One real Redis Cluster for all tests here; each takes sites of its own names."""

from collections.abc import Iterator

import pytest

from tests.scale.cluster import RealCluster, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[RealCluster]:
    with running_cluster() as made:
        yield made
