"""The rows of a spec's first training, for tests that look at them."""

from pathlib import Path

from mlptrain.preparation.material import read_material
from mlptrain.preparation.partitions import partitions
from mlptrain.preparation.preparation import Prepared, prepare_part
from mlptrain.spec.fields import Spec


def prepare(spec: Spec, folder: Path) -> Prepared:
    """Files to encoded rows."""
    material = read_material(spec, folder)
    return prepare_part(material, partitions(material)[0])
