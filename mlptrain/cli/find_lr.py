"""`mlptrain find-lr`."""

import sys
from typing import Annotated

import typer

from mlptrain.cli.options import (
    AsJson,
    Set,
    SpecPath,
    SpillDir,
    Threads,
    prepare_stdout,
    print_notice,
    set_blas_threads,
)
from mlptrain.loading import load_modules

Steps = Annotated[int, typer.Option(metavar="N", help="Steps, each at a higher rate.")]
Low = Annotated[float, typer.Option(metavar="RATE", help="The rate of the first step.")]
High = Annotated[float, typer.Option(metavar="RATE", help="The rate of the last step.")]


def find_lr_command(
    spec: SpecPath,
    steps: Steps = 100,
    low: Low = 1e-6,
    high: High = 10.0,
    overrides: Set = None,
    threads: Threads = None,
    spill_dir: SpillDir = None,
    as_json: AsJson = False,
) -> None:
    """Find a learning rate: train some steps at rising rates, and see where the loss falls and where it rises."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.find_lr import find_learning_rate
        from mlptrain.reporting import find_lr_results, json_document
        from mlptrain.reporting.glyphs import choose_glyphs
        from mlptrain.reporting.terminal import find_terminal

    result = find_learning_rate(
        spec, steps=steps, low=low, high=high, overrides=overrides or (), threads=threads, spill_dir=spill_dir
    )
    for message in result.notices:
        print_notice(message)
    if as_json:
        print(json_document.format_json(find_lr_results.build_rate_search_document(result)), file=prepare_stdout())
    else:
        terminal, glyphs = find_terminal(sys.stdout), choose_glyphs(sys.stdout.encoding)
        print(find_lr_results.format_rate_search(result, terminal, glyphs=glyphs))
