"""Calibration: the temperature is that of the least log loss on the validation rows, and changes nothing else."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy
from mlptrain.model.network_outputs import predict_values
from mlptrain.training.calibration import calibrate_temperature, find_minimum
from tests.support.courses import course_of

LOSSES = {2: BinaryCrossEntropy(), 3: CrossEntropy()}


def calibrated_course(classes, members=1, sharpness=5.0):
    """A network with logits that are too sure of themselves, and validation rows."""
    course = course_of(
        rows=12,
        validation_rows=60,
        classes=classes,
        members=members,
        loss=LOSSES[classes],
        model={"calibration": "temperature"},
    )
    course.network.parameters.values["output.weight"][...] *= sharpness
    return course


def log_loss(course, T):
    course.network.buffers["calibration.temperature"][...] = T
    part = course.validation
    p = predict_values(course.network, course.head, part.x)
    return -float(np.log(p[np.arange(part.rows), part.truth]).mean())


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("sharpness", [5.0, 0.05])
def test_the_temperature_is_that_of_the_least_log_loss(classes, members, sharpness):
    course = calibrated_course(classes, members, sharpness)
    calibrate_temperature(course)
    found = float(course.network.buffers["calibration.temperature"].flat[0])
    here = log_loss(course, found)
    oracle = minimize_scalar(lambda log_T: log_loss(course, np.exp(log_T)), bounds=np.log([0.05, 20]), method="bounded")
    assert here <= oracle.fun + 1e-9
    assert here <= log_loss(course, 1.0)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_order_of_the_classes_stays(classes):
    course = calibrated_course(classes)
    before = predict_values(course.network, course.head, course.validation.x)
    calibrate_temperature(course)
    after = predict_values(course.network, course.head, course.validation.x)
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))


def test_a_network_without_a_temperature_or_without_validation_rows_is_left_alone():
    plain = course_of(rows=60, classes=2)
    theta = plain.network.parameters.theta.copy()
    calibrate_temperature(plain)
    np.testing.assert_array_equal(plain.network.parameters.theta, theta)
    assert "calibration.temperature" not in plain.network.buffers


@pytest.mark.parametrize("center", [-2.0, 0.3, 2.5])
def test_a_valley_is_found_by_golden_sections(center):
    assert find_minimum(lambda x: (x - center) ** 2, -3, 3) == pytest.approx(center, abs=1e-7)
