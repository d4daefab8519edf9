"""`mlptrain fit`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlptrain.cli.options import (
    AsJson,
    Set,
    SpecPath,
    SpillDir,
    Threads,
    Verbose,
    drop_notice,
    prepare_stdout,
    print_notice,
    set_blas_threads,
)
from mlptrain.loading import load_modules

if TYPE_CHECKING:
    from mlptrain.commands.fit import FitResult
    from mlptrain.commands.paths import NamedFile
    from mlptrain.fitting.host import Host

When = Literal["auto", "epochs", "off"]


Out = Annotated[Path | None, typer.Option(metavar="MODEL.npz", help="Where to; by default <spec name>.npz.")]
InitialWeights = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Start from the weights of a model, whose columns come with them.")
]
History = Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the epochs as JSON lines.")]
TensorBoard = Annotated[
    Path | None,
    typer.Option("--tensorboard", metavar="DIR", help="Also write the run for TensorBoard, to DIR/<spec name>."),
]
Track = Annotated[
    list[str] | None,
    typer.Option("--track", metavar="NAME", help="Also log the run to mlflow, wandb or trackio."),
]
Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE.svg", help="Also draw the curves: losses, the watched metric.")
]
OutOfFold = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="Also write each row's prediction by the fold that held it out."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a fit that was interrupted or killed.")]
Finish = Annotated[
    bool, typer.Option("--finish", help="End a fit that was interrupted: write the model of its best epoch.")
]
Restart = Annotated[bool, typer.Option("--restart", help="Forget a fit that was interrupted.")]
CheckpointsWhen = Annotated[
    When, typer.Option(metavar="WHEN", help="auto: as they cost little time; epochs: after each; off: none.")
]
Minutes = Annotated[
    float, typer.Option(metavar="N", min=0.0, help="Also a checkpoint within an epoch, N minutes after the last.")
]
Workers = Annotated[int, typer.Option(metavar="N", min=1, help="Processes that train folds and repeats side by side.")]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Train folds and repeats on a cluster of Dask: tcp://HOST:8786.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors, and which columns are not used.")]


def fit_command(
    spec: SpecPath,
    out: Out = None,
    overrides: Set = None,
    initial_weights: InitialWeights = None,
    threads: Threads = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    spill_dir: SpillDir = None,
    history: History = None,
    tensorboard: TensorBoard = None,
    track: Track = None,
    svg: Svg = None,
    out_of_fold: OutOfFold = None,
    resume: Resume = False,
    finish: Finish = False,
    restart: Restart = False,
    checkpoints: CheckpointsWhen = "auto",
    checkpoint_minutes: Minutes = 10.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train what a spec says, and write the model. A fit that is stopped can go on, with --resume."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.fitting.checkpoints import plan_checkpoints
        from mlptrain.fitting.signals import catch_signals
    paths = {"history": history, "tensorboard": tensorboard, "svg": svg}
    plan = plan_checkpoints(checkpoints, checkpoint_minutes, resume=resume, restart=restart, finish=finish)
    how: dict[str, Any] = {"out": out, "overrides": overrides or (), "initial_weights": initial_weights}
    how |= {"out_of_fold": out_of_fold, "plan": plan}
    with catch_signals() as stop:
        host = replace(make_command_host(threads, workers, cluster, stop.is_wished, quiet=quiet), spill_dir=spill_dir)
        result = fit_and_draw(spec, paths, track or (), how, host=host, show=not quiet)
    print_result(result, as_json=as_json, quiet=quiet, verbose=verbose)
    if stop.signal:  # it came when the model was being written
        sys.exit(128 + stop.signal)


def fit_and_draw(
    spec: str,
    paths: Mapping[str, Path | None],
    trackers: Sequence[str],
    how: Mapping[str, Any],
    *,
    host: "Host",
    show: bool,
) -> "FitResult":
    """Fit what a spec says, with the sinks that are asked for; draw the curves, if a file for them is named."""
    with load_modules():
        from mlptrain.commands.fit import fit_files
        from mlptrain.reporting.sinks import make_command_sinks
    svg, written = paths["svg"], list_written_files(paths)
    if svg is not None:
        from mlptrain.reporting.curve_file import publish_curves, require_free_picture

        require_free_picture(svg)
    of_sinks = {name: file for name, file in written.items() if name != "svg"}
    sinks = make_command_sinks(spec, of_sinks, trackers, show=show)
    result = fit_files(spec, sink_files=[*written.values()], sinks=sinks, host=host, **how)
    if svg is not None:
        publish_curves(result, svg, title=spec)
    return result


def list_written_files(paths: Mapping[str, Path | None]) -> "dict[str, NamedFile]":
    """The files and folders that a fit writes beside the model, by what writes them, as far as they are asked for."""
    with load_modules():
        from mlptrain.commands.paths import NamedFile
    roles = {
        "history": "where the history goes",
        "tensorboard": "where the events for TensorBoard go",
        "svg": "where the curves go",
    }
    return {
        name: NamedFile(path=path, role=roles[name], option=f"--{name}")
        for name, path in paths.items()
        if path is not None
    }


def make_command_host(
    threads: int | None, workers: int, cluster: str | None, stop: Callable[[], bool], *, quiet: bool
) -> "Host":
    """The host of a fit that says on stderr what it has to say."""
    from mlptrain.fitting.host import Host
    from mlptrain.workers.choice import choose_executor

    say = drop_notice if quiet else print_notice
    executor = choose_executor(workers, threads=threads or 0, cluster=cluster)
    return Host(threads=threads, notice=say, warning=print_notice, remark=say, stop=stop, executor=executor)


def print_result(result: "FitResult", *, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Print how the fit ended."""
    from mlptrain.reporting import fit_results, json_document
    from mlptrain.reporting.terminal import find_terminal

    if as_json:
        print(json_document.format_json(fit_results.build_fit_document(result)), file=prepare_stdout())
    elif not quiet:
        print(fit_results.format_fit_result(result, find_terminal(sys.stdout), verbose=verbose))
