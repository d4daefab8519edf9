"""Every problem at once, each at its own line, with what is allowed and what was probably meant."""

from dataclasses import fields
from types import NoneType
from typing import Literal, get_args, get_origin

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlptrain.annotations import is_union, list_component_names, strip_annotation
from mlptrain.errors import SpecError
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import read_spec_fields
from mlptrain.spec.forms import expand_document
from mlptrain.spec.words import SHORT_FORMS
from mlptrain.spec.yaml_text import parse_document
from tests.support.spec_cases import DATA, FIELDS, choices, drawn, dumped, flow, label, load, one, problems, required


def test_all_problems_are_listed_at_once_in_the_order_of_their_lines():
    text = """\
seed: -1
data:
  trian: a.csv
  columns:
    zip: numbr
  split: {validation: 1.5, test: x}
model:
  hidden: [64, big]
  activation: relo
  layers:
    - units: 0
      dropout: 2
    - activation: {name: leaky_relu, slop: 0.1}
optimizer:
  learning_rate: 0
  name: adam
schedules: {learning_rate: {name: warm_up, then: {name: cosin}}}
epocs: 20
training:
  batch_size: -5
  shuffle: maybe
  early_stopping: 10
loss:
  name: hubr
"""
    activations = (
        "elu, gelu, hard_sigmoid, hard_tanh, leaky_relu, linear, maxout, mish, parametric, prelu, relu, selu, sigmoid, "
        "silu, softplus, softsign, tanh"
    )
    found = problems(text)
    assert [problem for problem in found if "schedules" not in problem.split(": ")[1]] == [
        "s.yaml:1: seed: -1 is out of range; write a whole number from 0 to below 9223372036854775808",
        "s.yaml:2: data.train: 'train' is missing",
        "s.yaml:3: data.trian: unknown key 'trian'; did you mean 'train'?",
        "s.yaml:5: data.columns.zip: 'numbr' is not known here; did you mean 'number'? "
        "Allowed: number, category, boolean, date, ignore; also allowed: a map of keys",
        "s.yaml:6: data.split.test: 'x': write a number such as 0.001 or 1e-3",
        "s.yaml:6: data.split.validation: 1.5 is out of range; write a number from 0 to below 1; "
        "also allowed: a text, or a list, or a map of keys",
        "s.yaml:8: model.hidden[1]: 'big': write a whole number such as 64",
        f"s.yaml:9: model.activation: 'relo' is not known here; did you mean 'relu'? Allowed: {activations}",
        "s.yaml:11: model.layers[0].units: 0 is out of range; write a whole number from 1 to 1000000",
        "s.yaml:12: model.layers[0].dropout.rate: 2 is out of range; write a number from 0 to below 1",
        "s.yaml:13: model.layers[1].activation.slop: unknown key 'slop'; did you mean 'slope'?",
        "s.yaml:13: model.layers[1].units: 'units' is missing",
        "s.yaml:15: optimizer.learning_rate: 0 is out of range; write a number above 0",
        "s.yaml:18: epocs: unknown key 'epocs'; did you mean 'training.epochs'?",
        "s.yaml:20: training.batch_size: -5 is out of range; write a whole number from 1 to 1000000000; "
        "also allowed: full",
        "s.yaml:21: training.shuffle: 'maybe': write true or false; also allowed: a map of keys",
        "s.yaml:22: training.early_stopping: write a map of keys here: {patience: 10} (got '10'); also allowed: none",
        "s.yaml:24: loss: 'hubr' is not known here; did you mean 'huber'? Allowed: binary_cross_entropy, "
        "cross_entropy, focal, hinge, huber, log_cosh, mean_absolute_error, mean_squared_error, poisson, quantile; "
        "also allowed: none",
    ]
    (schedule,) = (problem for problem in found if "schedules" in problem.split(": ")[1])
    said = "'cosin' is not known here; did you mean 'cosine'? Allowed: constant, cosine,"
    assert schedule.startswith(f"s.yaml:17: schedules.learning_rate.then: {said}")
    assert found.index(schedule) == 13


@pytest.mark.parametrize("site", FIELDS, ids=label)
def test_a_value_of_a_wrong_shape_is_one_problem_at_its_line(site):
    text, line = site.text("[[[x]]]")
    (problem,) = problems(text)
    assert problem.startswith(f"s.yaml:{line}: {site.dotted}")
    assert problem[len(f"s.yaml:{line}: {site.dotted}")] in ":["


SECTIONS = {site.owner: site for site in FIELDS}.values()


@pytest.mark.parametrize("site", SECTIONS, ids=lambda site: f"{site.dotted.rpartition('.')[0]}-{site.owner.__name__}")
def test_an_unknown_key_is_one_problem_at_its_line_with_the_known_keys(site):
    known = [*(each.name for each in fields(site.owner)), *["recipe"][: site.owner is Spec]]
    rest, path = site.place("@@@"), "".join(site.dotted.rpartition(".")[:2])
    section = rest
    for step in site.path[:-1]:
        section = section[step]
    del section[site.path[-1]]
    section.update({key: value for key, value in required(site.owner).items() if key not in section})
    section["(qq"] = "@@@"
    text = dumped(rest).replace("'@@@'", "[[1]]")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "[[1]]" in line)
    keys = f"; the keys are {', '.join(known)}" if len(known) <= 25 else ""
    assert problems(text) == [f"s.yaml:{line}: {path}(qq: unknown key '(qq'{keys}"]


@pytest.mark.parametrize("site", [site for site in FIELDS if len(site.path[-1]) > 3], ids=label)
def test_a_misspelt_key_is_told_the_right_one(site):
    name = str(site.path[-1])
    wrong = name[:-1] + "q" + name[-1]
    text, line = site.text(flow(one(site.kind)))
    lines = text.splitlines()
    lines[line - 1] = lines[line - 1].replace(f"{name}:", f"{wrong}:")
    (said,) = (problem for problem in problems("\n".join(lines)) if "unknown key" in problem)
    place = site.dotted.removesuffix(name) + wrong
    assert said == f"s.yaml:{line}: {place}: unknown key {wrong!r}; did you mean {name!r}?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: {activation: [relu]}", "model.activation: write one name, or a map with 'name' (got a list)"),
        ("model: {norm: {epsilon: 1}}", "model.norm: 'name' is missing: which one is it?"),
        ("model: {hidden: 64}", "model.hidden: write a list here: [64]"),
        ("model: {hidden: {a: 1}}", "model.hidden: write a list, such as [64, 64], here (got a map)"),
        ("model: {hidden: [1000001]}", "model.hidden[0]: 1000001 is out of range"),
        ("model: {max_norm: 0}", "model.max_norm: 0 is out of range"),
        (
            "model: {dtype: float16}",
            "model.dtype: 'float16' is not known here; did you mean 'float64'?",
        ),
        ("model: {dropout: 1}", "model.dropout.rate: 1 is out of range"),
        ("model: {dropout: [0.1, x]}", "model.dropout[1]: 'x' is not one of bernoulli, gaussian"),
        ("optimizer: {name: adam, beta_1: 1}", "optimizer.beta_1: 1 is out of range"),
        ("optimizer: {name: momentum, momentum: 1.5}", "optimizer.momentum: 1.5 is out of range"),
        ("training: {epochs: 0}", "training.epochs: 0 is out of range"),
        ("training: {epochs: 10000000000}", "training.epochs: 10000000000 is out of range"),
        ("training: {batch_size: 0}", "training.batch_size: 0 is out of range"),
        (
            "training: {batch_size: ful}",
            "training.batch_size: 'ful' is not known here; did you mean 'full'?",
        ),
        ("training: {early_stopping: {patience: 0}}", "training.early_stopping.patience: 0 is out of range"),
        (
            "training: {monitor: los}",
            "training.monitor: 'los' is not known here; did you mean 'loss'?",
        ),
        ("training: {class_weight: {(map): x}}", "training.class_weight.(map): 'x': write a number such as"),
        ("training: {class_weight: [1]}", "training.class_weight: a list is not one of balanced"),
        (f"seed: {2**63}", "seed: 9223372036854775808 is out of range"),
        ("seed: 1e30", "seed: '1e30': write a whole number such as 64"),
        ("regularization: 0.1", "regularization: write a map of keys here: {l1: 0.1} (got '0.1')"),
    ],
)
def test_what_is_wrong_is_said_in_words(text, said):
    (problem,) = problems(DATA + text)
    assert problem.startswith(f"s.yaml:2: {said}")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{}", "data.train: 'train' is missing"),
        ("x", "data: write a map of keys here (got 'x')"),
        ("", "data: write a map of keys here (got '')"),
        ("[a]", "data: write a map of keys here (got a list)"),
        ("{train: [[a]], target: y}", "data.train[0]: a list: write a text"),
        ("{train: a, target: {y: z}}", "data.target: a map: write a text"),
        ("{train: a, target: [[y]]}", "data.target[0]: a list: write a text"),
        ("{train: {imags: a}, target: y}", "data.train.images: 'images' is missing"),
        ("{train: a, target: y, delimiter: ab}", "data.delimiter: write one character (got 'ab')"),
        (
            "{train: a, target: y, columns: [x]}",
            "data.columns: write a map such as {column: category} here (got a list)",
        ),
        (
            "{train: a, target: y, columns: {'(x': nmber}}",
            "data.columns.(x: 'nmber' is not known here;",
        ),
        ("{train: a, target: y, missing_values: NA}", "data.missing_values: write a list here: [NA]"),
        ("{train: a, target: y, split: 0.2}", "data.split: write a map of keys here: {validation: 0.2} (got '0.2')"),
        ("{train: a, target: y, split: {validation: -1}}", "data.split.validation: -1 is out of range"),
        ("{train: a, target: y, replace: {a: [b]}}", "data.replace.a: a list: write a text"),
        ("{train: a, target: y, min_frequency: 0}", "data.min_frequency: 0 is out of range"),
    ],
)
def test_what_is_wrong_with_the_data_is_said_in_words(data, said):
    assert problems(f"data: {data}")[0].startswith(f"s.yaml:1: {said}")


@settings(drawn, max_examples=60)
@given(st.sets(st.sampled_from([site for site in FIELDS if len(site.path) == 2]), min_size=1, max_size=6), st.randoms())
def test_as_many_problems_as_faults_whatever_their_order(faulty, random):
    plain: dict = {"data": {"train": "a.csv", "target": "y"}}
    chosen: dict = {}
    for site in faulty:
        section = site.place("@@@")[site.path[0]]
        named = chosen.setdefault(site.path[0], {})
        if named.get("name", section.get("name")) == section.get("name"):
            named |= {**section, site.path[1]: "@@@"}
    plain |= chosen
    plain["data"] = {"train": "a.csv", "target": "y"} | plain["data"]
    names = list(plain)
    random.shuffle(names)
    text = dumped({name: plain[name] for name in names}).replace("'@@@'", "[[[x]]]")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "[[[x]]]" in line]
    assert [int(problem.split(":")[1]) for problem in problems(text)] == lines


def test_a_wrong_name_is_named_at_its_own_line():
    assert problems(DATA + "loss:\n\n  name: [huber]")[0].startswith("s.yaml:4: loss: \"['huber']\" is not known here")
    assert problems(DATA + "loss:\n\n  hubr")[0].startswith("s.yaml:2: loss: 'hubr' is not known here")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("model: {dropout: [0.5, {name: gaussian, rate: x}]}", "model.dropout[1].rate"),
        ("model: {dropout: {name: gaussian, rate: x}}", "model.dropout.rate"),
        ("model: {layers: [{units: 1, activation: {name: leaky_relu, slope: x}}]}", "model.layers[0].activation.slope"),
        ("training: {class_weight: {(map): x}}", "training.class_weight.(map)"),
        ("(map): 1", "(map)"),
    ],
)
def test_a_problem_within_a_choice_has_the_path_of_the_document(text, path):
    (problem,) = problems(DATA + text)
    assert problem.startswith(f"s.yaml:2: {path}: ")


def test_words_that_are_signs_are_in_quotes():
    (problem,) = problems("data: {train: a, target: y, thousands: x}")
    marks = r'''"", ",", ".", " ", "'", "_", "\u00a0", "\u202f", "\u2009", "\u2019"'''
    assert problem == f"s.yaml:1: data.thousands: 'x' is not one of {marks}"


def test_a_spec_without_problems_has_none():
    assert load(DATA + "model: {hidden: [1]}").model.hidden == (1,)


UNIONS = [site for site in FIELDS if is_union(strip_annotation(site.kind))]
"""The fields whose values may be of several types."""


def list_words_of_forms(kind):
    """For every form that a value of a union may have, a word that a message must say of it."""
    for member in choices(kind):
        if member is NoneType:
            yield "none"
        elif get_origin(member) is Literal:
            yield from get_args(member)
        elif names := list_component_names(member):
            yield from names
            yield from ["number"] * (member in SHORT_FORMS)
        elif get_origin(member) is tuple:
            yield "list"
        else:
            yield {int: "number", float: "number", bool: "true or false"}.get(member, "map")


@pytest.mark.parametrize("site", [site for site in UNIONS if str not in choices(site.kind)], ids=label)
def test_a_wrong_text_is_told_every_form_that_its_key_may_have(site):
    text, line = site.text("wrong")
    said = [each for each in problems(text) if each.startswith(f"s.yaml:{line}: {site.dotted}")]
    assert said
    for word in list_words_of_forms(site.kind):
        assert word in said[0], said


LISTS = [site for site in FIELDS if any(get_origin(kind) is tuple for kind in choices(site.kind))]
CURE = "write a list here: "


@pytest.mark.parametrize("site", LISTS, ids=label)
@pytest.mark.parametrize("text", ["64,32", "(64,32)", "64, 32", "[64", "none", "0", "64", "8,x", "x", "?,x"])
def test_a_list_that_is_proposed_is_one_that_may_stand_there(site, text):
    document, _ = site.text(f"'{text}'")
    try:
        load(document)
    except SpecError as found:
        for said in found.problems:
            if CURE in said:
                proposed = said.partition(CURE)[2].partition("; also allowed")[0]
                assert isinstance(yaml.safe_load(proposed), list)
                document, _ = site.text(proposed)
                assert read_faults(document) == [], said


@pytest.mark.parametrize(
    ("text", "proposed"),
    [("64,32", "[64, 32]"), ("(128,64)", "[128, 64]"), ("none", "[]"), ("0", "[]"), ("64", "[64]")],
)
def test_layers_as_other_tools_write_them_are_told_our_list(text, proposed):
    assert problems(DATA, f"model.hidden={text}") == [f"--set model.hidden: write a list here: {proposed}"]


@pytest.mark.parametrize("text", ["0,5", "0,25", "1,5", "20%"])
def test_a_number_as_other_countries_write_it_is_told_ours(text):
    meant = {"20%": "0.2"}.get(text, text.replace(",", "."))
    for key in ("model.dropout", "optimizer.learning_rate"):
        assert problems(DATA, f"{key}={text}") == [f"--set {key}: '{text}': write {meant}"]


REPEATED = """\
data: {train: a.csv, target: y, split: {val: 0.2}}
model: {activation: ReLU, activation: tanh}
optimizer: {lr: 1, learning_rate: 2}
verbose: 1
seed: 1
seed: 2
"""


@pytest.mark.parametrize("recipe", ["", "recipe: plain\n", "recipe: plian\n"])
def test_a_key_that_is_given_twice_hides_no_other_problem(recipe):
    found = problems(REPEATED + recipe)
    assert found[:2] == [
        "s.yaml:2: 'activation' is given twice (first at s.yaml:2)",
        "s.yaml:6: 'seed' is given twice (first at s.yaml:5)",
    ]
    for said in ("'val'", "'ReLU'", "'lr' means", "'verbose'", *["'plian'"] * ("plian" in recipe)):
        assert sum(said in each for each in found) == 1, (said, found)


def test_a_key_that_is_given_twice_in_an_override_is_refused():
    assert problems(DATA, "model={hidden: [1], hidden: [2]}") == [
        "--set model: 'hidden' is given twice (first at --set model)"
    ]


def read_faults(text):
    """What is wrong with the parts of a spec, contradictions between them apart."""
    document = parse_document(text, "s.yaml")
    expand_document(document)
    return read_spec_fields(document)[1]
