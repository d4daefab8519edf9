"""Short forms and other tools' words: the same spec, and each renaming announced in one line with its place."""

import pytest

from mlptrain.annotations import list_component_names
from mlptrain.data.column_rules import ColumnRules
from mlptrain.data.encodings import OrdinalEncoding, TargetEncoding
from mlptrain.data.imputing import Imputing
from mlptrain.data.scaling import QuantileScaling, RobustScaling
from mlptrain.engine.activations import LeakyReLU, ReLU
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.members import Networks, TabM, TabMMini
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.optimizers import SGD, Momentum, Nesterov
from mlptrain.spec.fields import Images
from mlptrain.spec.forms import expand_document
from mlptrain.spec.words import ALIASES, NAME_ALIASES
from mlptrain.spec.yaml_text import parse_document
from tests.support.spec_cases import (
    COMPONENTS,
    DATA,
    FIELDS,
    SITES,
    choices,
    flow,
    load,
    notices,
    one,
    problems,
    unruled,
)


def said(text: str) -> list[str]:
    """The notices of a text, whether or not its parts contradict each other."""
    document = parse_document(text, "s.yaml")
    expand_document(document)
    return document.notices


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("8", Networks(count=8)),
        ("tabm", TabM(count=32)),
        ("{name: tabm_mini, count: 4}", TabMMini(count=4)),
        ("{count: 3}", Networks(count=3)),
        ("networks", Networks(count=1)),
    ],
)
def test_a_number_of_members_is_so_many_networks(text, members):
    assert load(DATA + f"members: {text}\n").members == members
    assert load(DATA, f"members={text}").members == members
    assert load(DATA).members == Networks(count=1)


@pytest.mark.parametrize("text", ["0", "1001", "2.5", "{name: tabm, count: 0}", "friends", "[2]"])
def test_members_are_one_to_a_thousand_of_a_known_kind(text):
    (problem,) = problems(DATA + f"members: {text}\n")
    assert problem.startswith("s.yaml:2: members")


ALIASED = [(alias, site) for alias, ours in ALIASES.items() for site in FIELDS if site.path[-1] == ours]


@pytest.mark.parametrize(("alias", "site"), ALIASED, ids=lambda part: getattr(part, "dotted", part))
def test_an_alias_is_read_as_our_word_and_said_so(alias, site):
    ours, value = str(site.path[-1]), flow(one(site.kind))
    text, line = site.text(value)
    lines = text.splitlines()
    assert ours + ":" in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(f"{ours}:", f"{alias}:")
    other = "\n".join(lines)
    assert unruled(other) == unruled(text)
    assert said(other) == [f"s.yaml:{line}: {alias!r} is read as {ours!r}"]
    assert said(text) == []


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_has_a_place_and_is_no_word_of_ours(alias):
    assert alias in {each for each, _ in ALIASED}
    assert alias not in {site.path[-1] for site in SITES}


def test_words_mean_what_they_mean_where_they_come_from():
    keras = {"lr": "learning_rate", "beta1": "beta_1", "eps": "epsilon", "dropout_rate": "dropout"}
    sklearn = {
        "hidden_layer_sizes": "hidden",
        "max_iter": "epochs",
        "n_iter_no_change": "patience",
        "random_state": "seed",
    }
    pytorch = {"wd": "weight_decay", "min_lr": "minimum", "class_weights": "class_weight"}
    pandas = {"sep": "delimiter", "na_values": "missing_values"}
    assert ALIASES.items() >= (keras | sklearn | pytorch | pandas).items()
    names = {
        "swish": "silu",
        "logistic": "sigmoid",
        "identity": "linear",
        "mse": "mean_squared_error",
        "bce": "binary_cross_entropy",
    }
    names |= {"mae": "mean_absolute_error", "pinball": "quantile", "categorical_crossentropy": "cross_entropy"}
    names |= {f"xavier_{kind}": f"glorot_{kind}" for kind in ("uniform", "normal")}
    names |= {f"kaiming_{kind}": f"he_{kind}" for kind in ("uniform", "normal")}
    assert NAME_ALIASES.items() >= names.items()


NAMED = [
    (alias, site)
    for alias, ours in NAME_ALIASES.items()
    for site, kind in COMPONENTS
    if ours in list_component_names(kind) and ("layers" not in site.path or ours == "relu")
]


@pytest.mark.parametrize(("alias", "site"), NAMED, ids=lambda part: getattr(part, "dotted", part))
def test_an_alias_of_a_name_is_read_as_our_name_and_said_so(alias, site):
    ours = NAME_ALIASES[alias]
    notice = f"{alias!r} is read as {ours!r}"
    for form in "{}", "{{name: {}}}":
        text, line = site.text(form.format(alias))
        assert unruled(text) == unruled(site.text(form.format(ours))[0])
        assert said(text) == [f"s.yaml:{line}: {notice}"]


@pytest.mark.parametrize("alias", NAME_ALIASES)
def test_every_alias_of_a_name_has_a_place_and_is_no_name_of_ours(alias):
    assert alias in {each for each, _ in NAMED}
    assert alias not in {name for _, kind in COMPONENTS for name in list_component_names(kind)}


def test_an_alias_of_another_family_is_not_renamed_in_the_message():
    assert problems(DATA + "loss: swish") == [
        "s.yaml:2: loss: 'swish' is not one of binary_cross_entropy, cross_entropy, focal, hinge, huber, log_cosh, "
        "mean_absolute_error, mean_squared_error, poisson, quantile; also allowed: none"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "optimizer:\n  lr: 1\n  eta: 2",
            "s.yaml:4: optimizer.eta: 'eta' means 'learning_rate', which is given as well",
        ),
        (
            "optimizer:\n  lr: 1\n  learning_rate: 2",
            "s.yaml:3: optimizer.lr: 'lr' means 'learning_rate', which is given as",
        ),
        (
            "optimizer:\n  learning_rate: 2\n  lr: 1",
            "s.yaml:4: optimizer.lr: 'lr' means 'learning_rate', which is given as",
        ),
    ],
)
def test_one_thing_under_two_names_is_an_error(text, said):
    (problem,) = problems(DATA + text)
    assert problem.startswith(said)
    assert problem.endswith("keep one of them")


def test_a_problem_below_an_alias_has_the_line_of_what_is_wrong():
    assert problems(DATA + "training:\n  early_stop:\n    min_delta: 0\n    stopping_rounds: x")[0].startswith(
        "s.yaml:5: training.early_stopping.patience: 'x': write a whole number"
    )


def test_a_column_may_be_called_like_an_alias():
    data = load("data: {train: a.csv, target: lr, columns: {lr: number, sep: category, epochs: ignore}}").data
    assert data.columns == {"lr": "number", "sep": "category", "epochs": "ignore"}


# The momentum of Keras's and PyTorch's SGD.


@pytest.mark.parametrize(
    ("keys", "meant", "notice"),
    [
        ("momentum: 0.5", Momentum(momentum=0.5), "momentum"),
        ("momentum: 0.5, lr: 0.25", Momentum(momentum=0.5, learning_rate=0.25), "momentum"),
        ("momentum: 0.5, nesterov: true", Nesterov(momentum=0.5), "nesterov"),
        ("momentum: 0.5, nesterov: false", Momentum(momentum=0.5), "momentum"),
        ("nesterov: true", Nesterov(), "nesterov"),
        ("nesterov: false", SGD(), None),
        ("weight_decay: 0.5", SGD(weight_decay=0.5), None),
    ],
)
def test_sgd_with_a_momentum_is_what_is_meant(keys, meant, notice):
    text = DATA + f"optimizer: {{name: sgd, {keys}}}\n"
    assert load(text).optimizer == meant
    wanted = [f"s.yaml:2: 'sgd' with these keys is read as {notice!r}"] if notice else []
    assert [each for each in notices(text) if "'lr'" not in each] == wanted


@pytest.mark.parametrize("value", ["True", "yes", "1", "''", "[true]", "{a: b}"])
def test_a_nesterov_that_is_neither_true_nor_false_is_an_error(value):
    assert any(".nesterov: " in each for each in problems(DATA + f"optimizer: {{name: sgd, nesterov: {value}}}"))


# Short forms.


@pytest.mark.parametrize("none", ["null", "~", "none", "None", "NULL", "", "''"])
@pytest.mark.parametrize("key", ["norm", "dropout", "input_dropout", "layers", "max_norm"])
def test_nothing_may_be_written_in_many_ways(none, key):
    assert load(DATA + f"model: {{{key}: {none}}}\n") == load(DATA)


@pytest.mark.parametrize(
    ("text", "dropout"),
    [
        ("0.25", Dropout(rate=0.25)),
        ("'0.25'", Dropout(rate=0.25)),
        ("0", Dropout(rate=0)),
        ("bernoulli", Dropout()),
        ("{rate: 0.25}", Dropout(rate=0.25)),
        ("{name: gaussian, rate: 0.25}", GaussianDropout(rate=0.25)),
        ("[0.25, gaussian]", (Dropout(rate=0.25), GaussianDropout())),
        ("[{name: gaussian}, {rate: 0.75}]", (GaussianDropout(), Dropout(rate=0.75))),
    ],
)
def test_dropout_is_a_number_a_component_or_a_list(text, dropout):
    assert load(DATA + f"model: {{dropout: {text}}}\n").model.dropout == dropout


def test_layers_in_the_long_form():
    text = DATA + "model: {layers: [{units: 4}, {units: 3, activation: leaky_relu, norm: batch, dropout: 0.5}]}\n"
    short, long = load(text).model.layers
    assert (short.units, short.activation, short.norm) == (4, None, None)
    assert (long.activation, long.norm, long.dropout) == (LeakyReLU(), BatchNorm(), Dropout(rate=0.5))


def test_what_may_be_a_text_or_a_section_is_told_by_its_shape():
    assert load(DATA).data.train == "a.csv"
    split = load("data: {train: {images: i, labels: l}, split: {validation: {images: j, labels: k}}}").data.split
    assert split.validation == Images(images="j", labels="k")
    assert load("data: {train: a, target: y, split: {validation: 0.5}}").data.split.validation == 0.5
    assert load("data: {train: a, target: y, split: {validation: v.csv}}").data.split.validation == "v.csv"
    assert load("data: {train: a, target: [y, z]}").data.target == ("y", "z")
    assert load(DATA + "training: {batch_size: full}").training.batch_size == "full"
    assert load(DATA + "training: {class_weight: balanced}").training.class_weight == "balanced"
    assert load(DATA + "training: {class_weight: {a: 2, b: .5}}").training.class_weight == {"a": 2.0, "b": 0.5}


def test_texts_are_not_guessed():
    texts = "no, on, y, 1.10, 017, 1e3, 2020-13-45, =, 1_000, 'null', 'a b', é, <<"
    data = load(
        f"data: {{train: no, target: null, missing_values: [{texts}], columns: {{yes: number, 1.0: ignore}}}}"
    ).data
    assert data.missing_values == tuple(text.strip("'") for text in texts.split(", "))
    assert (data.train, data.target) == ("no", "null")
    assert data.columns == {"yes": "number", "1.0": "ignore"}


def test_every_short_form_opens_to_the_default_component():
    assert load(DATA + "model: {activation: relu}").model.activation == ReLU()
    assert {kind for site in SITES for kind in choices(site.kind) if list_component_names(kind)} == {
        kind for _, kind in COMPONENTS
    }


# what is said about one column


def test_a_column_has_its_own_short_forms():
    text = """\
data:
  train: a.csv
  target: y
  category_encoding: target
  columns:
    size: {scaling: robust}
    age: {type: number, scaling: {name: quantile, quantiles: 50}, imputing: {strategy: drop_row}}
    colour: {encoding: ordinal, levels: [s, m, l]}
    zip: category
"""
    data = load(text).data
    assert data.columns == {
        "size": ColumnRules(scaling=RobustScaling()),
        "age": ColumnRules(
            type="number", scaling=QuantileScaling(quantiles=50), imputing=Imputing(strategy="drop_row")
        ),
        "colour": ColumnRules(encoding=OrdinalEncoding(), levels=("s", "m", "l")),
        "zip": "category",
    }
    assert data.rules.of("zip") == ColumnRules(type="category")
    assert data.rules.of("other") == ColumnRules()
    assert data.rules.encoding == TargetEncoding()


def test_an_override_reaches_the_settings_of_one_column():
    text = "data: {train: a.csv, target: y, columns: {x: {type: number}}}"
    data = load(text, "data.columns.x.scaling=robust", "data.columns.z=ignore").data
    assert data.columns == {"x": ColumnRules(type="number", scaling=RobustScaling()), "z": "ignore"}


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("{scalling: robust}", "x.scalling: unknown key 'scalling'; did you mean 'scaling'?"),
        ("{scaling: robst}", "x.scaling: 'robst' is not known here; did you mean 'robust'?"),
        ("{encoding: {name: target, smooth: 1}}", "x.encoding.smooth: unknown key 'smooth'; did you mean 'smoothing'?"),
        (
            "{type: numbr}",
            "x.type: 'numbr' is not known here; did you mean 'number'?",
        ),
        ("{imputing: {strategy: medan}}", "x.imputing.strategy: 'medan' is not known here; did you mean 'median'?"),
        ("{min_frequency: 0}", "x.min_frequency: 0 is out of range"),
        ("[number]", "x: "),
    ],
)
def test_what_is_wrong_with_one_column_is_at_its_line(own, said):
    (problem,) = problems(f"data:\n  train: a\n  target: y\n  columns:\n    w: number\n    x: {own}\n")
    assert problem.startswith(f"s.yaml:6: data.columns.{said}")
