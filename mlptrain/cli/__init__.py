"""The command line: one file a command. Each parses, calls a workflow, shows its result and sets the exit code."""

import os
import sys
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from mlptrain.cli import check, evaluate, fit, init, predict, schema, show
from mlptrain.errors import Interrupted


class Commands(TyperGroup):
    """The group of commands, with what ends any of them from outside; Typer has exit codes of its own for that."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command and flush what it printed."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:  # the reader has gone (mlptrain predict … | head): that is no fault
            discard_output()
            raise typer.Exit from None
        except OSError:
            discard_output()
            raise
        except KeyboardInterrupt:
            raise Interrupted("stopped; nothing was written") from None


def discard_output() -> None:
    """What could not be written to stdout is not tried again when the process ends."""
    with suppress(OSError):  # a stream without a file behind it keeps nothing back
        stdout = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout)


app = typer.Typer(
    name="mlptrain",
    cls=Commands,
    help="Train multilayer perceptrons on tables, from a YAML spec.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, command, hidden in (
    ("init", init.init, False),
    ("fit", fit.fit, False),
    ("eval", evaluate.evaluate, False),
    ("predict", predict.predict, False),
    ("check", check.check, False),
    ("show", show.show, False),
    ("schema", schema.schema, False),
    ("train", fit.fit, True),
    ("evaluate", evaluate.evaluate, True),
):
    app.command(name, hidden=hidden)(command)
