"""A file as a model reads it, and what the model is worth on each of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlptrain.commands.evaluate import read_evaluation_file
from mlptrain.commands.input_format import ModelInputFormat
from mlptrain.commands.input_settings import set_input_format
from mlptrain.data.odd_cells import OddCells
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.model import Model
from mlptrain.model.percent_notices import describe_percent_cells, describe_percent_sign


@dataclass(frozen=True, kw_only=True)
class JudgedFile:
    """The rows of a file, the model that reads them as they are written, and what it is worth there."""

    reader: Model
    judged: JudgedRows
    notices: tuple[str, ...] = ()
    """What there is to say about how the file was read; that of the rows is in their evaluation."""

    @property
    def odd_cells(self) -> OddCells:
        """The cells that were filled, unseen or far out."""
        return self.judged.evaluation.odd_cells


def judge_file(
    trained: Model, path: str, *, labels: str | None = None, settings: Sequence[str] = (), command: str
) -> JudgedFile:
    """A model on a file, read as `settings` say, as the training file was, or as it looks; `command` is advised."""
    model = set_input_format(trained, settings)

    def judge(reader: Model) -> JudgedFile:
        rows = read_evaluation_file(reader, path, labels, ())
        judged = reader.judge_and_evaluate(rows)
        cells = describe_percent_cells(rows.inputs.types, reader.columns().values(), trained.spec.data)
        return JudgedFile(reader=reader, judged=judged, notices=tuple(cells))

    if model.reads_images or labels is not None:
        return judge(model)
    others = [*model.spec.data.targets, *filter(None, [model.spec.data.sample_weight])]
    form = ModelInputFormat(model, path, others, settings, command)
    found = form.try_readings(judge)
    sign = describe_percent_sign(trained.spec.data, model.spec.data)
    return JudgedFile(reader=found.reader, judged=found.judged, notices=(*sign, *form.notices, *found.notices))
