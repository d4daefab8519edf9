"""The command line: one file a command. Each parses, calls what does the work, shows its result, sets the exit code."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.models import CommandInfo

from mlptrain.cli.check import check_command
from mlptrain.cli.compare import compare_command
from mlptrain.cli.evaluate import evaluate_command
from mlptrain.cli.explain import explain_command
from mlptrain.cli.export import export_command
from mlptrain.cli.find_lr import find_lr_command
from mlptrain.cli.fit import fit_command
from mlptrain.cli.import_weights import import_command
from mlptrain.cli.init import init_command
from mlptrain.cli.predict import predict_command
from mlptrain.cli.report import report_command
from mlptrain.cli.schema import schema_command
from mlptrain.cli.show import show_command
from mlptrain.cli.tune import tune_command
from mlptrain.cli.usage import Command, describe_usage_problem, write_epilog
from mlptrain.errors import SpecError, make_interruption


class Commands(TyperGroup):
    """The group of commands. It handles what ends a command from outside, with our exit codes in place of Typer's."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line; one that cannot be read is an error like all others."""
        try:
            words = args[0] if args else options.pop("args", None)
            words = [hide_secrets(word) for word in (sys.argv[1:] if words is None else words)]
            code = super().main(words, *args[1:], **{**options, "standalone_mode": False})
        except TyperException as problem:
            raise SpecError(describe_usage_problem(problem)) from None
        if code:
            sys.exit(code)

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the command line; Ctrl-C is ours also here."""
        try:
            return super().make_context(*args, **options)
        except KeyboardInterrupt as stop:
            raise make_interruption(stop) from None

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
        except KeyboardInterrupt as stop:
            raise make_interruption(stop) from None


def hide_secrets(word: str) -> str:
    """A word of the command line with the names of URLs in their place, which hold no keys and no passwords."""
    if "://" not in word:
        return word
    from mlptrain.data.urls import conceal_urls

    return conceal_urls(word)


def discard_output() -> None:
    """Send stdout nowhere, so that what could not be written is not tried again when the process ends."""
    with suppress(OSError):  # a stream without a file behind it keeps nothing back
        stdout = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout)


SHORT_HELP = {
    "init": "Write a commented spec to begin with, from a file.",
    "fit": "Train what a spec says, and write the model.",
    "tune": "Search settings, and fit the best.",
    "predict": "Predict the rows of a file, in their order.",
    "explain": "Show what a model looks at.",
    "report": "Write a page on a model, to read or to mail.",
    "export": "Write a model in another language.",
    "import": "Write a model with other weights.",
    "compare": "Compare models on the same rows.",
    "check": "Show what a spec means, and check its gradient.",
    "find-lr": "Find a learning rate by a range test.",
    "show": "Show what a model file holds.",
}
"""Help of a command in the list of all, where its first sentence is too long for it."""

app = typer.Typer(
    name="mlptrain",
    cls=Commands,
    help="Train multilayer perceptrons on tables, from a YAML spec.",
    invoke_without_command=True,
    add_completion=True,
    rich_markup_mode=None,
    epilog=write_epilog("mlptrain"),
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def show_help_or_version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Train multilayer perceptrons on tables, from a YAML spec."""
    if version:
        import mlptrain

        print(f"mlptrain {mlptrain.__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


for name, command, hidden in (
    ("init", init_command, False),
    ("fit", fit_command, False),
    ("tune", tune_command, False),
    ("eval", evaluate_command, False),
    ("predict", predict_command, False),
    ("explain", explain_command, False),
    ("report", report_command, False),
    ("compare", compare_command, False),
    ("export", export_command, False),
    ("import", import_command, False),
    ("check", check_command, False),
    ("find-lr", find_lr_command, False),
    ("show", show_command, False),
    ("schema", schema_command, False),
    ("train", fit_command, True),
    ("evaluate", evaluate_command, True),
):
    app.command(name, cls=Command, hidden=hidden, epilog=write_epilog(name), short_help=SHORT_HELP.get(name))(command)


def choose_commands(arguments: Sequence[str]) -> typer.Typer:
    """The commands, of which all but the one that is asked for have their names and first lines alone.

    To make the options of all of them takes as long as half of a short command.
    """
    asked = arguments[0] if arguments else ""
    if asked.startswith("-") and asked not in ("-h", "--help"):
        return app
    chosen = copy(app)
    chosen.registered_commands = [
        each if each.name == asked or each.callback is None else shorten_command(each)
        for each in app.registered_commands
    ]
    return chosen


def shorten_command(command: CommandInfo) -> CommandInfo:
    """A command without its options."""

    def nothing() -> None: ...

    nothing.__doc__ = command.callback.__doc__ if command.callback else None
    short = copy(command)
    short.callback = nothing
    return short
