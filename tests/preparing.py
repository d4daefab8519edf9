"""The rows of a spec's first training, for tests that look at them."""

from pathlib import Path

from mlptrain.spec.fields import Spec
from mlptrain.training.material import read_material
from mlptrain.training.partitions import partitions
from mlptrain.training.preparation import Prepared, prepare_part


def prepare(spec: Spec, folder: Path) -> Prepared:
    """Files to encoded rows."""
    material = read_material(spec, folder)
    return prepare_part(material, partitions(material)[0])
