"""A command line says everything once: laws over every option of every command."""

from dataclasses import is_dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from mlptrain.cli import app
from mlptrain.cli.usage import READING_KEYS, READING_WORDS, suggest_option
from mlptrain.commands.input_settings import OWN_KEYS
from mlptrain.model.reading_settings import FORMAT_KEYS
from mlptrain.spec.suggestions import list_known_keys, simplify_name
from mlptrain.spec.words import ALIASES
from tests.support.command import mlptrain
from tests.support.spec_cases import FIELDS, choices, label

COMMANDS = get_command(app).commands
OPTIONS = [
    (name, param)
    for name, command in sorted(COMMANDS.items())
    for param in command.params
    if param.param_type_name == "option" and not param.is_eager
]
SINGLE = [(name, param) for name, param in OPTIONS if not (param.is_flag or param.multiple)]
OTHERS = [(name, param) for name, param in OPTIONS if param.is_flag or param.multiple]


def write_value(param):
    """A value that an option takes."""
    return {"checkpoints": "auto"}.get(param.name, "1")


def list_ids(options):
    return [f"{name} {param.opts[0]}" for name, param in options]


def test_there_are_options_of_every_sort():
    assert {param.opts[0] for _, param in SINGLE} >= {"--out", "--by", "--threads", "--digits", "--target", "--labels"}
    assert {param.opts[0] for _, param in OTHERS} >= {"--set", "--keep", "--json", "--quiet"}


@pytest.mark.parametrize(("name", "param"), SINGLE, ids=list_ids(SINGLE))
@pytest.mark.parametrize("times", [2, 3])
def test_an_option_of_one_value_given_several_times_is_an_error_that_names_it(tmp_path, name, param, times):
    """Also where both values are the same: of several, all but one would be lost without a word."""
    for spelling in param.opts:
        ended = mlptrain(name, *[spelling, write_value(param)] * times, "x.yaml", cwd=tmp_path)
        option = max(param.opts, key=len)
        said = f"{option} is given {'twice' if times == 2 else '3 times'}, and it takes one value: give it once"
        assert ended == (2, "", f"error: mlptrain {name}: {said}\n")
        ended = mlptrain(name, *[f"{option}={write_value(param)}"] * times, "x.yaml", cwd=tmp_path)
        assert said in ended.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "param"), [*OTHERS, *SINGLE], ids=list_ids([*OTHERS, *SINGLE]))
def test_what_may_stand_several_times_or_stands_once_is_no_such_error(tmp_path, name, param):
    value = [] if param.is_flag else [write_value(param)]
    times = 2 if param.is_flag or param.multiple else 1
    assert "it takes one value" not in mlptrain(name, *[param.opts[0], *value] * times, cwd=tmp_path).err


PATHS = [(name, param) for name, param in OPTIONS if param.type_descriptor.annotation is Path]


def test_there_are_paths_of_every_command_that_writes_files():
    assert {(name, param.name) for name, param in PATHS} >= {
        *(("fit", each) for each in ("out", "history", "tensorboard", "out_of_fold")),
        *((each, "out") for each in ("predict", "explain", "init", "train")),
    }


@pytest.mark.parametrize(("name", "param"), PATHS, ids=list_ids(PATHS))
def test_an_empty_path_is_an_error_that_names_its_option(tmp_path, name, param):
    for spelling in param.opts:
        for given in ([spelling, ""], [f"{spelling}="]) if spelling.startswith("--") else ([spelling, ""],):
            ended = mlptrain(name, *given, "x.yaml", cwd=tmp_path)
            option = max(param.opts, key=len)
            assert ended == (2, "", f"error: mlptrain {name}: {option} is empty: give it a path, or leave it out\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_is_shown_whatever_else_is_asked(tmp_path, name):
    ended = mlptrain(name, "--help", "--out", "a", "--out", "b", "--by", "a", "--by", "b", cwd=tmp_path)
    assert ended.code == 0 or "there is no option" in ended.err


LEAVES = [site for site in FIELDS if len(site.path) > 1 and not any(map(is_dataclass, choices(site.kind)))]
KEYS = {known.path for known in list_known_keys()}


@pytest.mark.parametrize("site", LEAVES, ids=label)
@pytest.mark.parametrize("command", ["fit", "check"])
def test_a_key_of_the_spec_that_is_written_as_an_option_is_told_how_it_is_set(command, site):
    name = str(site.path[-1])
    known = [option for param in COMMANDS[command].params for option in param.opts]
    for option in {f"--{name}", f"--{name.replace('_', '-')}"} - {*known}:
        said = suggest_option(option, COMMANDS[command])
        key = said.removeprefix("; did you mean --set ").removesuffix("=VALUE?")
        assert key in KEYS, said
        assert key.rpartition(".")[2] == {"layers": "hidden"}.get(name, name), said


@pytest.mark.parametrize(
    ("option", "meant"), [("--output", "--out"), ("--jsn", "--json"), ("--seed", "--set seed=VALUE")]
)
def test_an_option_that_is_near_to_one_of_the_command_is_told_that(option, meant):
    assert suggest_option(option, COMMANDS["fit"]) == f"; did you mean {meant}?"


READING = ("delimiter", "decimal", "thousands", "header", "encoding", "missing_values")


@pytest.mark.parametrize("name", sorted(name for name, command in COMMANDS.items() if command.name != "explain"))
@pytest.mark.parametrize("key", [*READING, "epochs", "learning_rate"])
def test_a_key_as_an_option_is_told_as_set_where_set_takes_it(tmp_path, name, key):
    """Of a trained model --set takes what says how its input is written, and nothing else is proposed."""
    command = COMMANDS[name]
    proposal = suggest_option(f"--{key.replace('_', '-')}", command)
    takes = any("--set" in param.opts for param in command.params)
    settable = takes and (name in ("fit", "train", "check") or key in READING)
    assert (f"{key}=VALUE" in proposal and "--set" in proposal) == settable
    if settable and name == "predict":
        said = "error: mlptrain predict: there is no option --delimiter; did you mean --set data.delimiter=VALUE?"
        assert mlptrain("predict", "a.csv", "--delimiter", ";", cwd=tmp_path).err.startswith(said)


def test_the_keys_of_reading_are_those_that_set_takes():
    assert set(READING_KEYS) == {*FORMAT_KEYS, *OWN_KEYS}


def test_other_tools_words_for_how_a_file_is_read_are_those_of_the_spec_and_more():
    assert set(READING_WORDS.values()) == set(READING_KEYS)
    for theirs, ours in ALIASES.items():
        is_of_reading = ours in READING_KEYS and ours != "units"  # those of layers, too
        assert READING_WORDS.get(simplify_name(theirs)) == (ours if is_of_reading else None)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_such_a_word_as_an_option_is_told_the_option_of_the_command_or_how_it_is_set(name):
    command = COMMANDS[name]
    known = {option for param in command.params for option in param.opts}
    for word, key in READING_WORDS.items():
        own = f"--{key.replace('_', '-')}"
        meant = own if own in known else f"--set data.{key}=VALUE" if "--set" in known else None
        if f"--{word}" not in known:
            assert suggest_option(f"--{word}", command).endswith(f"did you mean {meant}?" if meant else ""), word
