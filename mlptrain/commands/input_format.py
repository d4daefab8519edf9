"""How a file for a model is written: as `--set` says, as the training file, or where that does not fit, as it looks."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

from mlptrain.commands.input_settings import advise_setting, read_as
from mlptrain.data.odd_cells import OddCells
from mlptrain.errors import DataError
from mlptrain.model.input_format import InputFormat
from mlptrain.model.model import Model


class OfRows(Protocol):
    """What was found on rows, some of whose cells may have been odd."""

    @property
    def odd_cells(self) -> OddCells: ...


Found = TypeVar("Found", bound=OfRows)


class ModelInputFormat(InputFormat):
    """How one input of a model is written, as the options of a command say or as it looks."""

    def __init__(self, model: Model, path: str, others: Collection[str], settings: Sequence[str], command: str) -> None:
        self.trained, self.command = model, command
        given = {setting.partition("=")[0].removeprefix("data.").strip() for setting in settings}
        super().__init__(
            path, model.spec.data, model.columns(), model.head, others=others, given=given, cure="give {options}"
        )

    @property
    def model(self) -> Model:
        """The model, which reads the input as it is written."""
        if self.data is not self.trained.spec.data:
            self.trained = read_as(self.trained, self.data)
        return self.trained

    def try_readings(self, work: Callable[[Model], Found]) -> Found:
        """What `work` finds, with the model that reads the file as in training or, where that fails, as it looks."""
        try:
            try:
                found = work(self.model)
            except DataError:
                if not self.adapt():
                    raise
                found = work(self.model)
            self.note_doubt(found.odd_cells.fractions)
        except DataError as problem:
            raise self.advise(problem) from None
        return found

    def advise(self, problem: DataError) -> DataError:
        """The problem, with the way to say how this file is written, and with what was found out of it."""
        advised = advise_setting(problem, self.command, self.data, self.needs)
        for notice in self.notices:
            advised.add_note(notice)
        return advised
