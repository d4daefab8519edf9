"""The sizes of the groups that training rows are mixed in, where the spec leaves them open: by the inputs' width."""

from dataclasses import replace

import numpy as np

from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import count_inputs


def resolve_shuffle(data: TrainingData) -> TrainingData:
    """The rows with a spec that names the sizes of groups, by the inputs of the first training.

    The columns are fitted once more for that, and only if the spec does not name both.
    """
    shuffle = data.spec.training.shuffle
    if isinstance(shuffle, bool) or shuffle.is_resolved:
        return data
    width = max(count_inputs(data, divide_rows(data)[0]), 1)
    row = width * np.dtype(data.spec.model.dtype).itemsize * (data.spec.members.axis or 1)
    training = replace(data.spec.training, shuffle=shuffle.resolve(row))
    return replace(data, spec=replace(data.spec, training=training))
