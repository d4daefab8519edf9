"""What must be so before any library is loaded; and fewer samples where nobody asks for a number of them."""

import gc
import os
from unittest.mock import patch

import pytest

os.environ["SCIPY_ARRAY_API"] = "1"  # SciPy reads it once; a check of scikit-learn's needs it
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process that a test starts would compile the package anew


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """The garbage collector rests, for a quarter of the time: modules and tests stay as long as the session."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


SAMPLES = 50


@pytest.fixture(autouse=True, scope="session")
def few_bootstrap_samples():
    """`eval` draws up to 1000 samples by default, most of the time that it takes of small tables."""
    with patch("mlptrain.model.evaluation.choose_resample_count", lambda comparison: SAMPLES):
        yield
