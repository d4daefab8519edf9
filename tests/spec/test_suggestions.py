"""What was probably meant is said before what is allowed, and is found in the whole spec."""

import pytest

from mlptrain.annotations import list_component_names
from mlptrain.engine.dropout import Dropout
from mlptrain.spec.fields import LayerSpec, Split
from mlptrain.spec.suggestions import list_known_keys, simplify_name
from mlptrain.spec.words import ADDED_OUTPUT, ALIASES, ELSEWHERE, NAME_ALIASES, NO_KEYS, NO_KEYS_OF, NOT_HERE
from tests.support.spec_cases import COMPONENTS, DATA, problems


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("lr", "optimizer.learning_rate"),
        ("learning_rate", "optimizer.learning_rate"),
        ("LearningRate", "optimizer.learning_rate"),
        ("epochs", "training.epochs"),
        ("max_iter", "training.epochs"),
        ("dropout", "model.dropout"),
        ("layers", "model.hidden"),
        ("batch_size", "training.batch_size"),
        ("batchsize", "training.batch_size"),
        ("patience", "training.early_stopping.patience"),
        ("model.units", "model.hidden"),
        ("training.patience", "training.early_stopping.patience"),
        ("training.lr", "optimizer.learning_rate"),
        ("training.momentum", "optimizer.momentum"),
        ("model.weight_decay", "optimizer.weight_decay"),
        ("data.epochs", "training.epochs"),
        ("target", "data.target"),
        ("optimizer.epochs", "training.epochs"),
        ("validation_split", "data.split.validation"),
        ("activation", "model.activation"),
        ("epoch", "training.epochs"),
        ("hiden", "model.hidden"),
    ],
)
def test_a_key_in_a_wrong_place_is_told_the_right_one(key, meant):
    (said,) = problems(DATA, f"{key}=1")
    assert said == f"--set {key}: unknown key {key.rpartition('.')[2]!r}; did you mean {meant!r}?"


@pytest.mark.parametrize("word", ELSEWHERE)
def test_other_tools_words_lead_to_keys_that_there_are(word):
    paths = {known.path for known in list_known_keys()}
    assert ELSEWHERE[word] in paths
    assert simplify_name(word) == word
    assert word not in {simplify_name(key) for key in ALIASES}


@pytest.mark.parametrize(
    ("site", "kind"), COMPONENTS, ids=lambda each: each.__name__ if isinstance(each, type) else each.dotted
)
def test_a_component_with_capitals_is_told_its_name(site, kind):
    for name in list_component_names(kind):
        if name.title() not in NAME_ALIASES and name.title().lower() not in ("none", "off"):
            text, _ = site.text(f"{{name: {name.title()}}}")
            (said,) = [said for said in problems(text) if "not known" in said or "named twice" in said]
            assert f"{name.title()!r} is not known here; did you mean {name!r}?" in said


@pytest.mark.parametrize("word", NOT_HERE)
def test_a_name_that_has_no_place_is_told_why(word):
    (said,) = problems(DATA, f"model.activation={word}")
    assert said.startswith(f"--set model.activation: {word!r} has no place here: the output layer is added by")


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_nothing_of_ours_stands_for_is_told_why(key):
    paths = {simplify_name(known.name) for known in list_known_keys()}
    assert key not in paths | ELSEWHERE.keys()
    (said,) = problems(DATA, f"model.{key}=1")
    assert said == f"--set model.{key}: {key!r} has no place here: {NO_KEYS[key]}"


PLACES = {Split: "data.split", Dropout: "model.dropout"}
ITEMS = {LayerSpec: "model.layers"}
"""… and the places of lists, for sections that are items; each has one key at least."""


@pytest.mark.parametrize(("owner", "key"), [(owner, key) for owner, keys in NO_KEYS_OF.items() for key in keys])
def test_a_key_of_that_name_elsewhere_is_not_proposed_where_it_would_say_something_else(owner, key):
    if owner in ITEMS:
        (said,) = problems(DATA, f"{ITEMS[owner]}=[{{units: 8, {key}: 0.2}}]")
        place = f"--set {ITEMS[owner]}: {ITEMS[owner]}[0].{key}: "
    else:
        (said,) = problems(DATA, f"{PLACES[owner]}={{{key}: 0.2}}")
        place = f"--set {PLACES[owner]}: {PLACES[owner]}.{key}: "
    assert said == f"{place}{key!r} has no place here: {NO_KEYS_OF[owner][key]}"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.output_activation=sigmoid", "model.output_activation: 'output_activation'"),
        ("model.outputActivation=sigmoid", "model.outputActivation: 'outputActivation'"),
        ("output_activation=softmax", "output_activation: 'output_activation'"),
        ("model.output.activation=sigmoid", "model.output.activation: 'activation'"),
        ("model.output={activation: sigmoid}", "model.output: model.output.activation: 'activation'"),
        ("model.output=sigmoid", "model.output: 'sigmoid'"),
        ("model.output=softmax", "model.output: 'softmax'"),
        ("model.output=logistic", "model.output: 'logistic'"),
        (
            "model.layers=[{units: 8}, {units: 3, activation: softmax}]",
            "model.layers: model.layers[1].activation: 'softmax'",
        ),
    ],
)
def test_an_activation_at_the_end_is_told_that_the_output_layer_is_added(override, said):
    """However it is written, nothing is proposed that is refused in turn, or that makes another network."""
    assert problems(DATA, override) == [f"--set {said} has no place here: {ADDED_OUTPUT}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "optimizer: {adam: {lr: 1}}",
            "optimizer.adam: unknown key 'adam'; did you mean {name: adam, …}?",
        ),
        ("optimizer: {sgd: {}}", "optimizer.sgd: unknown key 'sgd'; did you mean {name: sgd, …}?"),
        ("loss: {huber: {delta: 1}}", "loss: did you mean {name: huber, …}?"),
        ("model: {norm: {batch: {}}}", "model.norm: did you mean {name: batch, …}?"),
        ("schedules: {learning_rate: {cosine: {}}}", "schedules.learning_rate: did you mean {name: cosine, …}?"),
        ("model: {norm: {epsilon: 1}}", "model.norm: 'name' is missing: which one is it? One of batch, layer"),
    ],
)
def test_a_component_under_its_own_name_is_told_how_to_write_it(text, said):
    assert problems(DATA + text) == [f"s.yaml:2: {said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: {dropout: 50%}", "model.dropout: '50%': write 0.5"),
        ("model: {dropout: [0.1, 25 %]}", "model.dropout[1]: '25 %': write 0.25"),
        ("model: {input_dropout: 5%}", "model.input_dropout: '5%': write 0.05"),
        ("optimizer: {learning_rate: 1%}", "optimizer.learning_rate: '1%': write 0.01"),
        ("optimizer: {weight_decay: 0.5%}", "optimizer.weight_decay: '0.5%': write 0.005"),
    ],
)
def test_percent_is_told_the_number(text, said):
    assert problems(DATA + text) == [f"s.yaml:2: {said}"]


def test_percent_of_rows_is_told_the_number():
    for key in ("validation", "test"):
        text = f"data:\n  train: a.csv\n  target: y\n  split: {{{key}: 20%}}\n"
        assert problems(text) == [f"s.yaml:4: data.split.{key}: '20%': write 0.2"]
    assert problems(DATA, "training.batch_size=20%")[0].startswith("--set training.batch_size: '20%' is not one of")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer={type: adam}", "--set optimizer: optimizer.type: unknown key 'type'; did you mean 'name'?"),
        (
            "model.activation={class: relu}",
            "--set model.activation: model.activation.class: unknown key 'class'; did you mean 'name'?",
        ),
        ("training.monitor=acc", "--set training.monitor: 'acc' is not known here; did you mean 'accuracy'?"),
        ("training.monitor=val_loss", "--set training.monitor: 'val_loss' is not known here; did you mean 'loss'?"),
        ("training.monitor=roc_auc", "--set training.monitor: 'roc_auc' is not known here; did you mean 'auc'?"),
        ("data.columns.x=str", "--set data.columns.x: 'str' is not known here; did you mean 'category'?"),
        ("data.columns.x=float", "--set data.columns.x: 'float' is not known here; did you mean 'number'?"),
        ("data.split=0.2", "--set data.split: write a map of keys here: {validation: 0.2} (got '0.2')"),
        ("data.split=20%", "--set data.split: write a map of keys here: {validation: 0.2} (got '20%')"),
        ("training.early_stopping=true", "--set training.early_stopping: write a map of keys here: {patience: 10}"),
        ("model.layers=3", "--set model.layers: write a list here: [{units: 3}]"),
        ("model.hidden=3", "--set model.hidden: write a list here: [3]"),
        ("model.dropout=20", "--set model.dropout: model.dropout.rate: 20 is out of range; write a number from 0 to"),
    ],
)
def test_other_tools_words_and_short_values_are_told_what_to_write(override, said):
    assert problems(DATA, override)[0].startswith(said)


@pytest.mark.parametrize("section", ["data", "model", "training", "data.split"])
@pytest.mark.parametrize("key", ["seed", "members"])
def test_a_key_of_no_section_is_told_that(section, key):
    """To be asked "did you mean 'seed'?" after one has written seed says nothing."""
    (said,) = problems(DATA, f"{section}.{key}=1")
    assert said.endswith(f"unknown key {key!r}; did you mean {key!r} at the top of the spec, in no section?")
