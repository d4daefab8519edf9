"""The command line: one file a command. Each parses, calls a workflow, shows its result and sets the exit code."""

import typer

from mlptrain.cli import check, evaluate, fit, predict, schema, show

app = typer.Typer(
    name="mlptrain",
    help="Train multilayer perceptrons on tables, from a YAML spec.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, command, hidden in (
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
