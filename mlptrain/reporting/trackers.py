"""A run in a tracker of experiments: MLflow, Weights & Biases or trackio, each by an adapter of three calls.

A library is imported when its adapter is made. Where it keeps the runs, and whether it reaches a network, its own
settings in the environment say.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from typing import Any, ClassVar, Protocol

from mlptrain.errors import EnvironmentFailure
from mlptrain.model.history import EpochEnded
from mlptrain.reporting.run_settings import Setting, list_epoch_values, list_settings, name_part_of_run, name_run
from mlptrain.reporting.sink_options import SinkOptions
from mlptrain.reporting.text import escape_text
from mlptrain.training.events import EventSink, Finished, FitStarted, Started

PROJECT = "mlptrain"
"""Where runs go unless the environment says otherwise: MLflow's experiment, the project of the others."""
LONGEST = 500


class Tracker(Protocol):
    """Keeps one run at a time."""

    library: ClassVar[str]
    offline: ClassVar[str]
    """The setting by which it reaches no network."""

    def start(self, name: str, settings: Mapping[str, Setting]) -> None:
        """Begin a run."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep the values of an epoch."""

    def end(self, *, failed: bool) -> None:
        """End the run."""


class MLflow:
    """The tracking of MLflow. A run that is active, or that a job has made (`MLFLOW_RUN_ID`), is the one above ours."""

    library: ClassVar[str] = "mlflow"
    offline: ClassVar[str] = "MLFLOW_TRACKING_URI=sqlite:///mlflow.db"
    CHOSEN = ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID")
    """By which the environment chooses the experiment, or a run and with it the experiment."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        try:
            import mlflow
        except ImportError:
            raise make_missing_tracker_error(self.library) from None
        self._mlflow: Any = mlflow
        self._environment = environment

    def start(self, name: str, settings: Mapping[str, Setting]) -> None:
        """Begin a run; within one that is active, below it."""
        inside = self._mlflow.active_run() is not None
        if not inside and not any(each in self._environment for each in self.CHOSEN):
            self._mlflow.set_experiment(PROJECT)
        self._mlflow.start_run(run_name=name, nested=inside)
        self._mlflow.log_params(dict(settings))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep the values of an epoch."""
        self._mlflow.log_metrics(dict(values), step=step)

    def end(self, *, failed: bool) -> None:
        """End the run."""
        self._mlflow.end_run("FAILED" if failed else "FINISHED")


class WeightsAndBiases:
    """Weights & Biases. What is shown on the terminal is not kept: a live picture is no log."""

    library: ClassVar[str] = "wandb"
    offline: ClassVar[str] = "WANDB_MODE=offline"

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        try:
            import wandb
        except ImportError:
            raise make_missing_tracker_error(self.library) from None
        self._wandb: Any = wandb
        self._environment = environment
        self._run: Any = None

    def start(self, name: str, settings: Mapping[str, Setting]) -> None:
        """Begin a run."""
        project = self._environment.get("WANDB_PROJECT", PROJECT)
        own = self._wandb.Settings(console="off")
        self._run = self._wandb.init(project=project, name=name, config=dict(settings), settings=own)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep the values of an epoch."""
        self._run.log(dict(values), step=step)

    def end(self, *, failed: bool) -> None:
        """End the run."""
        self._run.finish(exit_code=int(failed))


class Trackio:
    """trackio, which keeps runs in a file of this machine. It knows no run that has failed."""

    library: ClassVar[str] = "trackio"
    offline: ClassVar[str] = "HF_HUB_OFFLINE=1"

    def __init__(self) -> None:
        try:
            import trackio
        except ImportError:
            raise make_missing_tracker_error(self.library) from None
        self._trackio: Any = trackio

    def start(self, name: str, settings: Mapping[str, Setting]) -> None:
        """Begin a run."""
        self._trackio.init(project=PROJECT, name=name, config=dict(settings))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep the values of an epoch."""
        self._trackio.log(dict(values), step=step)

    def end(self, *, failed: bool) -> None:  # noqa: ARG002
        """End the run; by the module, which otherwise does it once more, and says so on stdout, when Python ends."""
        self._trackio.finish()


class TrackerSink(EventSink):
    """Each training as a run of a tracker, named after the spec, the fold and the refit; its steps are the epochs.

    A fit that goes on is a new run, with the epochs of before. What a tracker prints goes to stderr. An
    EnvironmentFailure says what a tracker refuses; it ends the fit, as a run that was asked for must not be incomplete.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._fit = FitStarted(source="run")
        self._metric = ""
        self._open = False

    def see_fit_start(self, fit: FitStarted, /) -> None:
        """Take note of the name and the settings."""
        self._fit = fit

    def see_start(self, started: Started, /) -> None:
        """Begin a run, and log the epochs that were done before."""
        name = "-".join(filter(None, [name_run(self._fit), name_part_of_run(started)]))
        self._ask(lambda: self._tracker.start(name, list_settings(self._fit, started.spec)))
        self._open, self._metric = True, started.metric
        for epoch in started.earlier:
            self.see_epoch(epoch)

    def see_epoch(self, epoch: EpochEnded, /) -> None:
        """Log the values of an epoch."""
        if self._open:
            self._ask(lambda: self._tracker.log(list_epoch_values(epoch, self._metric), epoch.epoch))

    def see_finish(self, finished: Finished, /) -> None:
        """End the run; one that the user has stopped has failed."""
        if self._open:
            self._open = False
            self._ask(lambda: self._tracker.end(failed=finished.reason == "interrupted"))

    def close(self) -> None:
        """End a run that an error has ended: it has failed, and that error is the one to be told."""
        if self._open:
            self._open = False
            with suppress(EnvironmentFailure):
                self._ask(lambda: self._tracker.end(failed=True))

    def _ask(self, call: Callable[[], None]) -> None:
        try:
            with redirect_stdout(sys.stderr):
                call()
        except Exception as problem:  # each tracker has errors of its own, and of what lies below it
            said = escape_text(str(problem).strip().partition("\n")[0] or type(problem).__name__, LONGEST)
            cure = f"mend that, or keep runs on this machine: {self._tracker.offline}"
            raise EnvironmentFailure(f"{self._tracker.library}: {said}; {cure}") from None


def make_missing_tracker_error(library: str) -> EnvironmentFailure:
    """The error that the library of a tracker is not there."""
    return EnvironmentFailure(f"the tracker {library} is not installed: pip install {library}")


def make_mlflow_sink(_: SinkOptions) -> TrackerSink:
    """Runs in MLflow."""
    return TrackerSink(MLflow())


def make_wandb_sink(_: SinkOptions) -> TrackerSink:
    """Runs in Weights & Biases."""
    return TrackerSink(WeightsAndBiases())


def make_trackio_sink(_: SinkOptions) -> TrackerSink:
    """Runs in trackio."""
    return TrackerSink(Trackio())
