"""No setting is lost in silence: one that nothing will use is named with its line, and no other is."""

from dataclasses import fields

import pytest

from mlptrain.data.table_format import TableFormat
from mlptrain.spec.file import make_draft_from_spec
from tests.support.spec_cases import DATA, load, notices, problems

HELD = "data: {train: a.csv, target: y, split: {validation: 0.2}}\n"

IDLE = {
    "activation": (
        HELD + "model:\n  hidden: []\n  activation: tanh\n",
        4,
        "model.activation",
        "there is no hidden layer",
    ),
    "norm": (HELD + "model:\n  hidden: []\n  norm: batch\n", 4, "model.norm", "there is no hidden layer"),
    "dropout": (HELD + "model:\n  hidden: []\n  dropout: 0.2\n", 4, "model.dropout", "there is no hidden layer"),
    "max-norm": (HELD + "model:\n  max_norm: 3\n  hidden: []\n", 3, "model.max_norm", "there is no hidden layer"),
    "no-layers": (HELD + "model:\n  layers: []\n  norm: batch\n", 4, "model.norm", "there is no hidden layer"),
    "hidden-and-layers": (
        HELD + "model:\n  hidden: [3]\n  layers: [{units: 4}]\n",
        3,
        "model.hidden",
        "model.layers says which layers there are",
    ),
    "own-activations": (
        HELD + "model:\n  activation: tanh\n  layers: [{units: 4, activation: relu}, {units: 2, activation: elu}]\n",
        3,
        "model.activation",
        "each of model.layers has its own",
    ),
    "drop-last": (
        HELD + "training:\n  batch_size: full\n  drop_last: true\n",
        4,
        "training.drop_last",
        "one batch has all rows",
    ),
    "ties": (
        DATA + "training:\n  ties: last\n",
        3,
        "training.ties",
        "there is no validation part that tells the best epoch",
    ),
    "patience": (
        HELD + "training:\n  epochs: 10\n  early_stopping: {patience: 10}\n",
        4,
        "training.early_stopping",
        "10 epochs end before its patience of 10",
    ),
    "split-type": (
        "data:\n  train: a.csv\n  target: y\n  split: {type: stratify}\n",
        4,
        "data.split.type",
        "no share of the rows is held out; set validation, test or folds",
    ),
}


OF_FILES = {
    "delimiter": ";",
    "encoding": "cp1252",
    "header": True,
    "skip_rows": 1,
    "skip_after_names": 1,
    "skip_footer": 1,
    "sheet": "2",
    "skip_initial_space": True,
}
OF_TEXTS = {"decimal": ",", "thousands": " ", "loose_signs": True, "units": ["%"], "replace": {"a": "b"}}


def test_every_setting_of_how_a_table_is_read_is_of_files_or_of_texts():
    assert {each.name for each in fields(TableFormat)} == {*OF_FILES, *OF_TEXTS}


@pytest.mark.parametrize("name", [*OF_FILES, *OF_TEXTS])
def test_a_setting_for_files_is_named_where_the_rows_are_in_memory(name):
    spec = {"data": {"target": "y", name: (OF_FILES | OF_TEXTS)[name]}}
    said = [f"spec: data.{name} is for files: the rows are in memory"] if name in OF_FILES else []
    assert make_draft_from_spec(spec, rows_given=True).notices == said
    for more in ({"test": "t.csv"}, {"split": {"validation": "v.csv"}}):
        assert make_draft_from_spec({"data": spec["data"] | more}, rows_given=True).notices == []
    assert make_draft_from_spec({"data": spec["data"] | {"train": "a.csv"}}).notices == []


@pytest.mark.parametrize(("text", "line", "key", "why"), IDLE.values(), ids=IDLE)
def test_a_setting_that_nothing_uses_is_named_with_its_line(text, line, key, why):
    assert notices(text) == [f"s.yaml:{line}: {key} is not used: {why}"]


@pytest.mark.parametrize(
    "text",
    [
        HELD + "model: {hidden: [], kernel_initializer: he_normal, bias_initializer: ones}\n",
        HELD + "model: {hidden: [4], activation: tanh, norm: batch, dropout: 0.1, max_norm: 3}\n",
        HELD + "model: {hidden: [], norm: none, dropout: none}\n",
        HELD + "model: {activation: tanh, layers: [{units: 4, activation: relu}, {units: 2}]}\n",
        HELD + "training: {epochs: 10, early_stopping: {patience: 9}, ties: last}\n",
        "data: {train: a.csv, target: y, split: {type: column, column: part}}\n",
        "data: {train: a.csv, target: y, split: {type: group, column: g, folds: 3}}\ntraining: {ties: last}\n",
        "recipe: plain\n" + HELD + "model: {hidden: []}\n",
        "recipe: best\n" + DATA,
    ],
)
def test_a_setting_that_acts_is_not_named(text):
    assert notices(text) == []


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (("model.activation=relu", "model.hidden=[]"), ["model.activation"]),
        (("model.activation=tanh", "model.hidden=[]"), ["model.activation"]),
        (("model.activation=relu",), []),
        (("model.hidden=[]",), []),
        (("model.hidden=[]", "model.norm=none", "model.dropout=none"), []),
        (("training.batch_size=full", "training.drop_last=false"), []),
        (("model.layers=[{units: 3}]", "model.hidden=[64, 64]"), ["model.hidden"]),
    ],
)
def test_an_override_that_nothing_uses_is_named_though_it_is_the_default(overrides, named):
    said = make_draft_from_spec({"data": {"train": "a.csv", "target": "y"}}, overrides=overrides).notices
    assert [notice.partition(" is not used: ")[0] for notice in said] == [f"--set {key}: {key}" for key in named]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schedules: {dropout: cosine}", "schedules.dropout: there is no dropout to change; set model.dropout, or"),
        ("schedules: {weight_decay: cosine}", "schedules.weight_decay: there is no weight decay to change; set"),
        (
            "training: {batch_size: full}\noptimizer: lbfgs\nschedules: {weight_decay: cosine}",
            "schedules.weight_decay: lbfgs has no weight decay; remove it",
        ),
        ("schedules: {momentum: cosine}", "schedules.momentum: adam has no momentum; use momentum or nesterov"),
        (
            "model: {dropout: 0.1}\nschedules: {dropout: reduce_on_plateau}",
            "schedules.dropout: reduce_on_plateau is for the learning rate; use another schedule",
        ),
        (
            "optimizer: {name: adamw}\nschedules: {weight_decay: {name: warm_up, then: reduce_on_plateau}}",
            "schedules.weight_decay: reduce_on_plateau is for the learning rate; use another schedule",
        ),
    ],
)
def test_a_schedule_that_cannot_act_is_refused(text, said):
    (found,) = problems(HELD + text)
    assert found.partition(": ")[2].startswith(said)


def test_schedules_that_act_are_taken():
    load(HELD + "model: {input_dropout: 0.1}\nschedules: {dropout: cosine}")
    load(HELD + "model: {layers: [{units: 3, dropout: 0.1}]}\nschedules: {dropout: cosine}")
    load(HELD + "optimizer: adamw\nschedules: {weight_decay: cosine, learning_rate: reduce_on_plateau}")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["optimizer.learning_rate=1000", "optimizer=sgd"], "--set optimizer=sgd, which stands behind it; give --set"),
        (["optimizer.lr=1", "optimizer={name: sgd}"], "--set optimizer={name: sgd}, which stands behind it; give"),
        (["training.early_stopping.patience=3", "training={epochs: 2}"], "--set training={epochs: 2}, which stands"),
        (["data.columns.x.type=number", "data.columns={x: category}"], "--set data.columns={x: category}, which"),
    ],
)
def test_an_override_that_another_one_undoes_is_refused(overrides, said):
    assert problems(HELD, *overrides)[0].startswith(f"--set {overrides[0]} is undone by {said}")


@pytest.mark.parametrize("pair", [["seed=1", "seed=2"], ["model.norm=batch", "model.norm=layer"]])
def test_a_key_that_is_set_twice_has_its_last_value_and_a_notice(pair):
    assert load(HELD, *pair) == load(HELD, pair[1])
    assert notices(HELD, *pair) == [f"--set {pair[0]} is undone by --set {pair[1]}"]


def test_overrides_in_the_right_order_all_count():
    spec = load(HELD, "optimizer=sgd", "optimizer.learning_rate=50", "model.hidden=[2]", "model.dropout=0.1")
    assert (spec.optimizer.name, spec.optimizer.learning_rate, spec.model.hidden) == ("sgd", 50, (2,))


@pytest.mark.parametrize(
    ("text", "override", "lost"),
    [
        ("optimizer: {name: adam, learning_rate: 0.3}\n", "optimizer=sgd", ["optimizer.learning_rate"]),
        (
            "optimizer: {learning_rate: 0.3, beta_1: 0.8}\n",
            "optimizer={name: adamw, beta_1: 0.9}",
            ["optimizer.learning_rate"],
        ),
        ("optimizer: {learning_rate: 0.3}\n", "optimizer.learning_rate=0.1", []),
        ("optimizer: adam\n", "optimizer=sgd", []),
        ("model: {norm: {name: batch, epsilon: 0.1}}\n", "model.norm=none", []),
        (
            "training: {epochs: 4, batch_size: 8}\n",
            "training={epochs: 3}",
            ["training.batch_size"],
        ),
    ],
)
def test_a_key_of_the_file_that_an_override_replaces_is_named(text, override, lost):
    said = [f"--set {override.partition('=')[0]} replaces {', '.join(lost)} of s.yaml"] if lost else []
    assert notices(HELD + text, override) == said
