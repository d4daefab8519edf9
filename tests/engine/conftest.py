"""One thread of the linear algebra library: the matrices here are small, and waiting for each other takes longer."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1):
        yield
