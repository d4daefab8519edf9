"""A command line that cannot be read, in one sentence; and the look of help."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from typer.core import TyperCommand
from typer.exceptions import TyperException

from mlptrain.errors import SpecError


class Command(TyperCommand):
    """A command whose help names arguments as they are typed, without types and braces."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for each in self.params:
            if each.param_type_name == "argument":
                setattr(each, "display_type_rich", lambda **_: "")  # noqa: B010  (its type has nothing to say)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; an option of one value that is given several times is an error."""
        given, _, order = self.make_parser(ctx).parse_args(list(args))
        asks_for_help = any(param.is_eager for param in order)
        if not ctx.resilient_parsing and not asks_for_help:
            require_options_once(ctx.command_path, order)
            require_paths(ctx.command_path, order, given)
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The pieces of the line of usage."""
        return [re.sub("[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]


def require_options_once(path: str, order: Sequence[Any]) -> None:
    """An error where one of the parameters, in the order in which they are given, is an option whose last value alone
    would count; a flag says the same however often it is given.
    """
    for param, count in Counter(param for param in order if param.param_type_name == "option").items():
        if count > 1 and not (param.multiple or param.is_flag or param.count):
            option = max(param.opts, key=len)
            times = "twice" if count == 2 else f"{count} times"
            raise SpecError(f"{path}: {option} is given {times}, and it takes one value: give it once")


def require_paths(path: str, order: Sequence[Any], given: Mapping[str, Any]) -> None:
    """An error where the path that an option is given is empty: it would be read as this folder."""
    for param in order:
        if param.param_type_name == "option" and param.type_descriptor.annotation is Path and given[param.name] == "":
            option = max(param.opts, key=len)
            raise SpecError(f"{path}: {option} is empty: give it a path, or leave it out")


def describe_usage_problem(problem: TyperException) -> str:
    """What is wrong with a command line, what was probably meant, and where help is."""
    ctx: Any = getattr(problem, "ctx", None)
    path = ctx.command_path if ctx is not None else "mlptrain"
    option: str | None = getattr(problem, "option_name", None)
    said = problem.format_message().strip()
    if unknown := re.match(r"No such command '(.*?)'\.", said, re.DOTALL):
        return describe_unknown_command(unknown[1], ctx.command)
    if option == "--version":
        return f"{path}: there is no option --version; it is one of mlptrain itself: mlptrain --version"
    if option is not None and said.startswith("No such option"):
        return f"{path}: there is no option {option}{suggest_option(option, ctx.command)} ({path} --help)"
    if said.startswith("Missing"):
        return describe_missing_argument(path, getattr(problem, "param", None), said)
    if extra := re.match(r"Got unexpected extra argument.*? \(([^()]*)\)$", said, re.DOTALL):
        return f"{path}: {extra[1]!r} is too much; {path} --help says what may stand there"
    for pattern, ours in REWORDED:
        said = re.sub(pattern, ours, said, flags=re.DOTALL)
    return f"{path}: {said.rstrip('.')}; {path} --help says what may stand there"


REWORDED = (
    (r"^Invalid value for '?(.*?)'?: ", r"\1: "),
    (r"Value error, ", ""),
    (r"Input should be a valid integer.*", "give a whole number"),
    (r"Input should be a valid number.*", "give a number"),
    (r"Input should be ", "give a number "),
    (r"^Option '(.*?)' requires an argument", r"\1 needs a value behind it"),
)
"""Typer's words, and ours."""


def describe_unknown_command(word: str, group: Any) -> str:
    """That there is no such command; a file is told the command that takes it."""
    names = sorted(name for name, command in group.commands.items() if not command.hidden)
    if word.endswith((".yaml", ".yml")):
        return f"mlptrain: {word!r} is no command; did you mean mlptrain fit {word}?"
    if word.endswith((".csv", ".tsv", ".gz", ".parquet", ".xlsx")):
        return f"mlptrain: {word!r} is no command; did you mean mlptrain init {word}?"
    if word.endswith(".npz"):
        return f"mlptrain: {word!r} is no command; did you mean mlptrain show {word}?"
    close = get_close_matches(word.lower(), names, n=1)
    near = f"; did you mean {close[0]!r}?" if close else f"; the commands are {', '.join(names)}"
    return f"mlptrain: there is no command {word!r}{near}"


def describe_missing_argument(path: str, param: Any, said: str) -> str:
    """That an argument is missing, and what it is."""
    if param is None:
        return f"{path}: {said}"
    about = f" ({param.help.rstrip('.')})" if param.help else ""
    return f"{path}: {param.metavar or param.name} is missing{about}; {path} --help has examples"


def suggest_option(option: str, command: Any) -> str:
    """The option that was probably meant: one of the command, or a key of the spec that its --set takes."""
    known = list(list_options(command))
    if key := find_settable_key(option, command, only_our_words=True):
        return f"; did you mean --set {key}=VALUE?"
    reading = find_reading_key(option)
    if reading and (own := f"--{reading.replace('_', '-')}") in known:
        return f"; did you mean {own}?"
    if reading and "--set" in known:
        return f"; did you mean --set data.{reading}=VALUE?"
    if close := get_close_matches(option, known, n=1, cutoff=0.7):
        return f"; did you mean {close[0]}?"
    key = find_settable_key(option, command)
    return f"; did you mean --set {key}=VALUE?" if key else ""


def find_settable_key(option: str, command: Any, *, only_our_words: bool = False) -> str | None:
    """The key of the spec that an option means, where --set of the command takes any."""
    if "--set" not in list_options(command) or command.name not in ("fit", "train", "check"):
        return None
    return find_key_of_option(option, only_our_words=only_our_words)


READING_KEYS = (
    *("delimiter", "encoding", "header", "skip_rows", "skip_after_names", "skip_footer", "sheet", "skip_initial_space"),
    *("decimal", "thousands", "loose_signs", "units", "replace", "missing_values", "missing_target"),
)
"""The keys of `data` that --set takes for a trained model, by name: a message loads nothing heavy to find them."""
READING_WORDS = {
    **{key.replace("_", ""): key for key in READING_KEYS},
    **dict.fromkeys(["sep", "separator", "delim", "delimeter", "fieldseparator", "fs"], "delimiter"),
    **dict.fromkeys(["enc", "charset", "fileencoding"], "encoding"),
    **dict.fromkeys(["noheader", "hasheader", "colnames"], "header"),
    **dict.fromkeys(["skip", "skiplines", "skipheader", "skiplead"], "skip_rows"),
    **dict.fromkeys(["footer", "skiptail"], "skip_footer"),
    **dict.fromkeys(["sheetname", "worksheet"], "sheet"),
    **dict.fromkeys(["dec", "decimalcomma", "decimalpoint", "decimalseparator", "decimalmark"], "decimal"),
    **dict.fromkeys(["thousand", "thousandsseparator", "groupingmark", "bigmark"], "thousands"),
    **dict.fromkeys(["na", "navalues", "nastrings", "nullvalues", "nulls", "missing", "nan"], "missing_values"),
}
"""What these keys are called here and by other tools (pandas, polars, R, csvkit …), without signs."""


def find_reading_key(option: str) -> str | None:
    """The key of how a file is read that an option means.

    >>> find_reading_key("--sep"), find_reading_key("--data.skip-rows"), find_reading_key("--epochs")
    ('delimiter', 'skip_rows', None)
    """
    return READING_WORDS.get(re.sub(r"[-_]", "", option.lower()).removeprefix("data."))


def find_key_of_option(option: str, *, only_our_words: bool = False) -> str | None:
    """The key of the spec that is meant by an option such as --seed, --batch-size or --training.epochs."""
    from mlptrain.spec.suggestions import find_key_elsewhere, list_known_keys

    word = option.lstrip("-").replace("-", "_")
    paths = [known.path for known in list_known_keys()]
    sections = {path.rpartition(".")[0].partition("[")[0] for path in paths}
    ours = (path for path in paths if word in (path, path.rpartition(".")[2]) and path not in sections)
    return next(ours, None) or (None if only_our_words else find_key_elsewhere(word))


def list_options(command: Any) -> Iterator[str]:
    """The long options of a command."""
    return (option for each in command.params for option in each.opts if option.startswith("--"))


EXAMPLES = {
    "mlptrain": """\
A first hour:
  mlptrain init table.csv --target price   a spec to begin with
  mlptrain check table.yaml                what it means, before training
  mlptrain fit table.yaml                  train, and write table.npz
  mlptrain eval                            how good it is
  mlptrain predict new.csv                 predictions, joined by column name

Docs: docs/first-hour.md and docs/spec.md, beside the README.""",
    "init": """\
Examples:
  mlptrain init houses.csv --target price
  mlptrain init houses.csv --target price --out -   print it
Without --target, the error lists the columns to choose from.""",
    "fit": """\
Examples:
  mlptrain fit houses.yaml
  mlptrain fit houses.yaml --set training.epochs=50 --set model.hidden='[64, 32]'
  mlptrain fit houses.yaml --out wide.npz --set model.dropout=0.2
--set may stand several times; docs/spec.md lists all keys.""",
    "eval": """\
Examples:
  mlptrain eval houses.npz                 on the test part of its spec
  mlptrain eval houses.npz new.csv --by region --json""",
    "predict": """\
Examples:
  mlptrain predict houses.npz new.csv --out predictions.csv
  mlptrain predict houses.npz new.csv --keep id --probabilities
  mlptrain predict houses.npz german.csv --set data.delimiter=';'""",
    "check": """\
Examples:
  mlptrain check houses.yaml
  mlptrain check houses.yaml --set model.hidden='[256]'""",
    "report": """\
Examples:
  mlptrain report houses.npz               write houses.html, on the test part of its spec
  mlptrain report houses.npz --data new.csv --card card.md --no-rows
  mlptrain report small.npz wide.npz --data new.csv --out both.html   which is better?
--mute R03 leaves out a kind of finding; docs/how-to/report.md lists all.""",
    "compare": """\
Examples:
  mlptrain compare small.npz wide.npz      on the test part that both have
  mlptrain compare runs/ --data new.csv    all models of a folder""",
    "find-lr": """\
Examples:
  mlptrain find-lr houses.yaml
  mlptrain find-lr houses.yaml --set optimizer=sgd --high 100""",
    "export": """\
Examples:
  mlptrain export houses.npz --format onnx --check new.csv
  mlptrain export houses.npz --format python --out score.py
docs/how-to/use-the-model-elsewhere.md shows how each is used.""",
    "show": """\
Examples:
  mlptrain show houses.npz
  mlptrain show houses.npz --json""",
    "schema": """\
Examples:
  mlptrain schema > mlptrain.json          for an editor
  mlptrain schema --markdown               the reference, as docs/spec.md""",
}
"""What stands at the end of a command's help."""


def write_epilog(command: str) -> str | None:
    """The examples of a command, with their lines kept as they are."""
    text = EXAMPLES.get(command)
    return None if text is None else "\n\n".join(f"\b\n{part}" for part in text.split("\n\n"))
