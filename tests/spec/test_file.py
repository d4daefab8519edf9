"""`--set KEY=VALUE`: as if the file had said so; what is wrong is said of the override, not of a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.engine.activations import LeakyReLU
from mlptrain.engine.dropout import Dropout
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.optimizers import SGD, Adam, Momentum
from mlptrain.engine.schedules import Cosine, WarmUp
from mlptrain.errors import SpecError
from mlptrain.spec.fields import Data, EarlyStopping, LayerSpec, Spec
from mlptrain.spec.forms import expand_document
from mlptrain.spec.yaml_text import TextOverride, parse_document
from tests.support.spec_cases import (
    DATA,
    SITES,
    drawn,
    dumped,
    flow,
    label,
    load,
    notices,
    once,
    one,
    problems,
    unruled,
)


@pytest.mark.parametrize("site", once(site for site in SITES if 0 not in site.path), ids=label)
def test_an_override_is_as_if_the_file_had_said_so(site):
    """The sections above are there with their required keys only; the key itself is not."""
    given = site.place(one(site.kind))
    rest = site.place("@@@")
    section = rest
    for step in site.path[:-1]:
        section = section[step]
    del section[site.path[-1]]
    if site.path == ("data",):
        rest = {"seed": 0}
    document = parse_document(dumped(rest), "s.yaml")
    expand_document(document)
    TextOverride(f"{site.dotted}={flow(one(site.kind))}").apply(document)
    assert unruled(dumped(document_tree(document))) == unruled(dumped(given))


def document_tree(document):
    expand_document(document)
    return document.tree


TEXT = """\
data: {train: a.csv, target: y, split: {validation: 0.2}}
model: {activation: leaky_relu, dropout: 0.25, layers: [{units: 3}]}
optimizer: {learning_rate: 0.5, name: adam}
"""


@pytest.mark.parametrize(
    ("override", "get", "value"),
    [
        ("seed=3", lambda spec: spec.seed, 3),
        ("optimizer.learning_rate=1e-3", lambda spec: spec.optimizer, Adam(learning_rate=1e-3)),
        ("optimizer=sgd", lambda spec: spec.optimizer, SGD()),
        ("optimizer={name: sgd, momentum: 0.5}", lambda spec: spec.optimizer, Momentum(momentum=0.5)),
        ("model.activation.slope=0.5", lambda spec: spec.model.activation, LeakyReLU(slope=0.5)),
        ("model.dropout.rate=0.5", lambda spec: spec.model.dropout, Dropout(rate=0.5)),
        ("model.dropout=0.5", lambda spec: spec.model.dropout, Dropout(rate=0.5)),
        ("model.dropout=", lambda spec: spec.model.dropout, None),
        ("model.norm.name=batch", lambda spec: spec.model.norm, BatchNorm()),
        ("model.layers=[{units: 5}]", lambda spec: spec.model.layers, (LayerSpec(units=5),)),
        ("model.hidden=[]", lambda spec: spec.model.hidden, ()),
        ("training.early_stopping.patience=3", lambda spec: spec.training.early_stopping, EarlyStopping(patience=3)),
        ("schedules.learning_rate.then=cosine", lambda spec: spec.schedules.learning_rate, WarmUp(then=Cosine())),
        ("data.columns.sep=category", lambda spec: spec.data.columns, {"sep": "category"}),
        ("data.target=[a, b]", lambda spec: spec.data.target, ("a", "b")),
        ("data.target=a=b", lambda spec: spec.data.target, "a=b"),
        ("data.target= a b ", lambda spec: spec.data.target, "a b"),
        ("data.target='a: b'", lambda spec: spec.data.target, "a: b"),
        ("data.delimiter=;", lambda spec: spec.data.delimiter, ";"),
        (r'data.delimiter="\t"', lambda spec: spec.data.delimiter, "\t"),
        ("data.delimiter=','", lambda spec: spec.data.delimiter, ","),
        ("data.train={images: i, labels: l}", lambda spec: spec.data.train.labels, "l"),
    ],
)
def test_an_override_sets_one_key(override, get, value):
    before = ["schedules.learning_rate.name=warm_up"] if "then" in override else []
    spec = load(TEXT, *before, override)
    assert get(spec) == value
    assert load(TEXT + "seed: 9\n", *before, override, "seed=0") == load(TEXT, *before, override, "seed=0")


def test_overrides_are_taken_in_order():
    assert load(TEXT, "seed=1", "seed=2").seed == 2
    assert load(TEXT, "optimizer=sgd", "optimizer.learning_rate=0.25").optimizer == SGD(learning_rate=0.25)
    assert load(TEXT, "optimizer=sgd", "optimizer.lr=0.25", "optimizer.momentum=0.75").optimizer == Momentum(
        learning_rate=0.25, momentum=0.75
    )


@pytest.mark.parametrize("text", [TEXT, DATA])
def test_an_alias_in_an_override_is_read_as_our_word_and_said_so(text):
    assert load(text, "optimizer.lr=0.125").optimizer == Adam(learning_rate=0.125)
    assert notices(text, "optimizer.lr=0.125") == ["--set optimizer.lr: 'lr' is read as 'learning_rate'"]
    assert notices(text, "model.activation=swish") == ["--set model.activation: 'swish' is read as 'silu'"]


def test_an_override_supplies_what_the_file_lacks():
    spec = load("seed: 1", "data.train=a.csv", "data.target=y")
    assert spec == Spec(data=Data(train="a.csv", target="y"), seed=1)


@pytest.mark.parametrize("override", ["", "seed", "=1", ".=1", "a.=1", ".a=1", "a..b=1"])
def test_an_override_without_key_or_sign_is_refused(override):
    wanted = f"--set {override}: write KEY=VALUE, for example optimizer.learning_rate=0.01"
    assert problems(TEXT, override) == [wanted]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.layers.0.units=4", "--set model.layers.0.units: model.layers is a list; set it as a whole"),
        ("data.train.images=x", "--set data.train.images: data.train is one value; set it as a whole"),
        ("optimizr.lr=1", "--set optimizr.lr: optimizr: unknown key 'optimizr'; did you mean 'optimizer'?"),
        ("optimizer.momentm=1", "--set optimizer.momentm: unknown key 'momentm'; the keys are"),
        ("model.hidden=4", "--set model.hidden: write a list here: [4]"),
        ("model.hidden.0=4", "--set model.hidden.0: model.hidden: write a list, such as [64, 64], here (got a map)"),
        ("training.epochs=", "--set training.epochs: '': write a whole number such as 64"),
        ("training.epochs=0", "--set training.epochs: 0 is out of range"),
        ("model.layers=[{units: x}]", "--set model.layers: model.layers[0].units: 'x': write a whole number"),
        ("model.input_dropout=1.5", "--set model.input_dropout: model.input_dropout.rate: 1.5 is out of range"),
        ("data.split.test=0.8", "s.yaml:1: data.split: 0.2 for validation and 0.8 for test leave nothing for training"),
        ("seed=&a 1", "--set seed: anchors and aliases are not allowed in a spec; write the value out"),
        ("seed=*a", "--set seed: anchors and aliases are not allowed in a spec; write the value out"),
        ("seed=!!int 1", "--set seed: tags such as tag:yaml.org,2002:int are not allowed in a spec"),
        (
            "seed=a: b: c",
            "--set seed: a second ': ' stands at column 5, inside a value; put a text with ': ' in it in quotes",
        ),
        ("data.train=]x", "--set data.train: a value may not begin with ']' (at column 1)"),
        ("seed={a: 1, a: 2}", "--set seed: 'a' is given twice"),
        ("seed=--- 1\n--- 2", "--set seed: a second document begins here; a spec is one document"),
        ("seed=\0", "--set seed: the character U+0000 is not allowed in YAML; remove it"),
        ('seed="\\U00110000"', "--set seed: \\U stands before a number that is no character; mend it"),
        ("seed=" + "[" * 100_000, "--set seed: the spec is nested too deeply or too long"),
        ("seed=" + "9" * 5000, "--set seed: '99999"),
    ],
)
def test_what_is_wrong_with_an_override_is_said_of_it(override, said):
    (problem,) = problems(TEXT, override)
    assert problem.startswith(said)


def test_what_an_override_leaves_out_is_said_of_it_although_the_file_had_it():
    text = DATA + "model:\n  layers:\n  - units: 3\n"
    said = "--set model.layers: model.layers[0].units: 'units' is missing"
    assert problems(text, "model.layers=[{activation: relu}]") == [said]


def test_problems_of_overrides_stand_before_those_of_the_file():
    assert [each.partition(": ")[0] for each in problems(DATA + "\nsede: 1\n", "model.hidden=4", "seed=x")] == [
        "--set model.hidden",
        "--set seed",
        "s.yaml:3",
    ]


@drawn
@given(
    st.text("abds.=:{}[]'\",-*&!|> \n1#%@\\", max_size=12),
    st.sampled_from(["", "seed=", "data.train=", "model.x=", "optimizer."]),
)
def test_any_override_is_a_spec_or_a_spec_error(text, start):
    try:
        spec = load(TEXT, start + text)
    except SpecError as problem:
        spec = None
        said = problem.problems
    assert isinstance(spec, Spec) or all("s.yaml:" in each or "--set" in each for each in said)
