"""Which of two classes is the positive one is said in the spec, shown everywhere, and followed by what is of it."""

import json

import numpy as np
import pytest
from sklearn import metrics as sk

import mlptrain
from tests.support import command

WORDS = ("ja", "nein")
OF_ONE_CLASS = {"precision", "recall", "f1", "average_precision"}


def write(folder, labels=WORDS, name="t", **keys):
    """A table of two numbers and an answer that has to do with the first of them, and its spec."""
    draw = np.random.default_rng(1)
    x = draw.standard_normal((60, 2))
    said = np.where(x[:, 0] + draw.standard_normal(60) > 0.6, labels[0], labels[-1])
    said[: len(labels)] = labels
    lines = [f"{a:.3f},{b:.3f},{label}" for (a, b), label in zip(x, said, strict=True)]
    (folder / f"{name}.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    data = {"train": f"{name}.csv", "target": "y", "split": {"validation": 0.3}} | keys
    spec = {"data": data, "model": {"hidden": [4]}, "training": {"epochs": 2}}
    (folder / f"{name}.yaml").write_text(json.dumps(spec, indent=1))


def run(folder, *arguments):
    ended = command.mlptrain(*arguments, cwd=folder)
    assert ended.code == 0, ended.err
    return ended


def measure(folder, *options):
    run(folder, "fit", "t.yaml", "-q", *options)
    return json.loads(run(folder, "eval", "t.npz", "t.csv", "--json", "--bootstrap", "0").out)


def test_only_what_is_of_one_class_follows_it_and_the_columns_stay_in_order(tmp_path):
    write(tmp_path)
    silent = measure(tmp_path)
    first, second = (measure(tmp_path, "--set", f"data.positive_class={label}") for label in WORDS)
    assert (silent["positive_class"], first["positive_class"], second["positive_class"]) == ("nein", "ja", "nein")
    assert second == silent
    for name, value in first["metrics"].items():
        assert (value != pytest.approx(second["metrics"][name])) == (name in OF_ONE_CLASS), name
    for key in ("classes", "confusion"):
        assert first[key] == second[key]
    for found in (first, second):
        own = next(each for each in found["classes"] if each["name"] == found["positive_class"])
        assert [found["metrics"][name] for name in ("precision", "recall", "f1")] == pytest.approx(
            [own[name] for name in ("precision", "recall", "f1")]
        )
    header = run(tmp_path, "predict", "t.npz", "t.csv", "--probabilities").out.splitlines()[0]
    assert header == "y,probability_ja,probability_nein"


def test_python_measures_as_scikit_learn_does_with_this_label(tmp_path):
    write(tmp_path, positive_class="ja")
    run(tmp_path, "fit", "t.yaml", "-q")
    rows = [line.split(",") for line in (tmp_path / "t.csv").read_text().splitlines()[1:]]
    frame = {"a": [float(row[0]) for row in rows], "b": [float(row[1]) for row in rows], "y": [row[2] for row in rows]}
    model = mlptrain.load(tmp_path / "t.npz")
    found = model.evaluate(frame, resamples=0)
    assert found.positive_class == "ja"
    truth, said = np.array(frame["y"]), model.predict(frame)
    assert found.metrics["f1"] == pytest.approx(sk.f1_score(truth, said, pos_label="ja"))
    assert found.metrics["recall"] == pytest.approx(sk.recall_score(truth, said, pos_label="ja"))
    scores = model.predict_proba(frame)[:, 0]
    assert found.metrics["average_precision"] == pytest.approx(
        sk.average_precision_score(truth == "ja", scores), rel=1e-6
    )


@pytest.mark.parametrize("positive", WORDS)
def test_every_command_says_which_it_is(tmp_path, positive):
    write(tmp_path, positive_class=positive)
    assert f"(positive: {positive})" in run(tmp_path, "check", "t.yaml").out
    assert f"(positive class: {positive})" in run(tmp_path, "fit", "t.yaml").out
    assert json.loads(run(tmp_path, "fit", "t.yaml", "--json", "-q").out)["positive_class"] == positive
    assert f"classes (positive: {positive})" in run(tmp_path, "eval", "t.npz", "t.csv").out
    assert f"(positive: {positive})" in run(tmp_path, "show", "t.npz").out


LABELS = [
    (("0", "1"), "0", "0"),
    (("no", "yes"), "no", "no"),
    (("no", "yes"), " yes ", "yes"),
    (("Ärger", "Ruhe"), "Ärger", "Ärger"),
    (("-1", "1"), "-1", "-1"),
    (("false", "true"), "true", "true"),
]


@pytest.mark.parametrize(("labels", "said", "meant"), LABELS)
def test_labels_of_any_kind_can_be_named(tmp_path, labels, said, meant):
    write(tmp_path, labels, positive_class=said)
    assert measure(tmp_path)["positive_class"] == meant


def test_with_folds_members_and_weights_it_is_the_same_one(tmp_path):
    write(tmp_path, positive_class="ja", split={"folds": 2})
    options = [f"--set={each}" for each in ("members=2", "training.class_weight=balanced", "training.monitor=recall")]
    run(tmp_path, "fit", "t.yaml", "-q", *options)
    found = json.loads(run(tmp_path, "eval", "t.npz", "t.csv", "--json", "--bootstrap", "0").out)
    own = found["classes"][0]
    assert (own["name"], found["metrics"]["recall"]) == ("ja", pytest.approx(own["recall"]))


REFUSED = {
    "no such class": ({"positive_class": "Ja!"}, WORDS, "'Ja!' is no class of 'y'; write one of 'ja', 'nein'"),
    "blanks": ({"positive_class": " "}, WORDS, "' ' is no class of 'y'"),
    "three classes": ({"positive_class": "a"}, ("a", "b", "c"), "of 3 classes none is the positive one"),
    "a number": ({"positive_class": "1", "target": "a"}, WORDS, "the target is a number"),
    "several numbers": ({"positive_class": "1", "target": ["a", "b"]}, WORDS, "several targets are numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("verb", ["fit", "check"])
def test_what_cannot_be_positive_is_refused_at_its_line(tmp_path, case, verb):
    keys, labels, why = REFUSED[case]
    write(tmp_path, labels, **keys)
    line = 1 + next(k for k, text in enumerate((tmp_path / "t.yaml").read_text().splitlines()) if "positive" in text)
    ended = command.mlptrain(verb, "t.yaml", cwd=tmp_path)
    assert ended.code == 2
    assert ended.err.startswith(f"error: t.yaml:{line}: data.positive_class: ")
    assert why in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "t.npz").exists()


def test_other_problems_that_the_rows_bring_to_light_have_their_line_too(tmp_path):
    write(tmp_path, labels=("a", "b", "c"))
    problems = {
        "loss=binary_cross_entropy": "loss: binary_cross_entropy needs two classes",
        "training.monitor=rmse": "training.monitor: rmse is a metric of numbers",
        "training.monitor=top_5_accuracy": "training.monitor: top_5_accuracy needs 6 classes or more",
        "training.class_weight={d: 2}": "training.class_weight: 'd' is no class",
        "data.target_transform=log": "data.target_transform: the target has classes",
    }
    for override, said in problems.items():
        ended = command.mlptrain("fit", "t.yaml", "--set", override, cwd=tmp_path)
        assert ended.code == 2
        assert ended.err.splitlines()[-1].startswith(f"error: --set {said}"), ended.err
