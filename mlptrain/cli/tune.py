"""`mlptrain tune`."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlptrain.cli.fit import Cluster, Out, Quiet, Workers, make_command_host
from mlptrain.cli.options import AsJson, Set, SpecPath, Threads, prepare_stdout, print_notice, set_blas_threads
from mlptrain.errors import SpecError
from mlptrain.loading import load_modules

if TYPE_CHECKING:
    from mlptrain.commands.tune import Existing, TuneResult, TuneTrial
    from mlptrain.fitting.host import Host

Trials = Annotated[int | None, typer.Option(metavar="N", min=1, help="Trials of the study, those before among them.")]
TimeLimit = Annotated[str | None, typer.Option("--time-limit", metavar="T", help="Time of the study: 90s, 10m, 2h.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a study that was ended.")]
Restart = Annotated[bool, typer.Option("--restart", help="Forget the study that was begun before.")]
Join = Annotated[bool, typer.Option("--join", help="Take part in a study that another machine or terminal has begun.")]


def tune_command(
    spec: SpecPath,
    out: Out = None,
    overrides: Set = None,
    trials: Trials = None,
    time_limit: TimeLimit = None,
    threads: Threads = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    resume: Resume = False,
    restart: Restart = False,
    join: Join = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Search the settings that the section `tune` of a spec names, and write the model of the best ones."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.fitting.signals import catch_signals
    existing = choose_existing(resume=resume, restart=restart, join=join)
    how: dict[str, Any] = {"out": out, "overrides": overrides or (), "trials": trials, "time_limit": time_limit}
    with catch_signals() as stop:
        host = make_command_host(threads, workers, cluster, stop.is_wished, quiet=quiet)
        result = tune_and_tell(spec, host, how | {"existing": existing})
    print_result(result, as_json=as_json, quiet=quiet)
    if stop.signal:
        sys.exit(128 + stop.signal)


def tune_and_tell(spec: str, host: "Host", how: Mapping[str, Any]) -> "TuneResult":
    """Make the study, and say of each trial how it went."""
    with load_modules():
        from mlptrain.commands.tune import tune_file
        from mlptrain.reporting.spec_text import format_spec_as_yaml
        from mlptrain.reporting.tune_results import describe_trial

    def tell(trial: "TuneTrial") -> None:
        host.remark(describe_trial(trial))

    return tune_file(spec, write_spec=format_spec_as_yaml, host=host, tell=tell, **how)


def print_result(result: "TuneResult", *, as_json: bool, quiet: bool) -> None:
    """Print what the study came to."""
    from mlptrain.reporting import json_document, tune_results

    for message in result.notices:
        print_notice(message)
    if as_json:
        print(json_document.format_json(tune_results.build_tune_document(result)), file=prepare_stdout())
    elif not quiet:
        print(tune_results.format_tune_result(result))


def choose_existing(*, resume: bool, restart: bool, join: bool) -> "Existing":
    """What becomes of a study that was begun before; a SpecError where two options contradict each other."""
    wishes: dict[Existing, bool] = {"resume": resume, "restart": restart, "join": join}
    asked = [name for name, wished in wishes.items() if wished]
    if len(asked) > 1:
        raise SpecError(f"--{asked[0]} and --{asked[1]} contradict each other; give one of them")
    return asked[0] if asked else "refuse"
