"""Results as notebooks show them: every kind of result, tame and hostile, small and large."""

import warnings
from dataclasses import fields, replace
from inspect import get_annotations

import pytest

import mlptrain
from mlptrain.commands.check import Check, check_files
from mlptrain.commands.compare import ComparedFiles, LeftOutModel
from mlptrain.commands.evaluate import EvaluationResult, evaluate_files
from mlptrain.commands.find_lr import RateSearch, find_learning_rate
from mlptrain.commands.fit import FitResult, fit_files, make_fit_result
from mlptrain.commands.init import Starter, make_starter_spec
from mlptrain.commands.report import report_files
from mlptrain.commands.show import Description, describe_model, show_file
from mlptrain.diagnostics.memory import report_memory
from mlptrain.display import Displayable, Exportable
from mlptrain.explain.permutation import Permutation
from mlptrain.fitting.outcome import Outcome, TrainingResult
from mlptrain.model.evaluation import ClassResult, Evaluation, SliceResult
from mlptrain.model.model import Model
from mlptrain.reporting.html_parts import MOST_ROWS
from mlptrain.reporting.html_results import LARGEST, render_html
from tests.support.command import IRIS, write_iris
from tests.support.comparisons import make_comparison
from tests.support.html import count_elements, find_flaws
from tests.support.in_memory import drop_gaps, make_columns, make_spec
from tests.support.reports import make_report
from tests.support.strings import DANGEROUS, HOSTILE, SURROGATES

COLUMNS = drop_gaps(make_columns())
KINDS = {
    "classes": make_spec(data={"split": {"validation": 0.25}}),
    "numbers": make_spec("price", data={"split": {"validation": 0.25}}),
    "several targets": make_spec(["price", "height"]),
    "folds": make_spec(data={"split": {"folds": 3}}),
    "repeats": make_spec(data={"split": {"repeats": 2, "validation": 0.2}}),
    "a refit": make_spec(data={"split": {"validation": 0.25}}, training={"epochs": 4, "batch_size": 16, "refit": True}),
    "a temperature": make_spec(
        data={"split": {"validation": 0.25}}, model={"hidden": [4], "calibration": "temperature"}
    ),
    "no epoch's end": make_spec(training={"epochs": 1, "batch_size": 16}),
}


def every_subclass(kind):
    return {each for child in kind.__subclasses__() for each in {child, *every_subclass(child)}}


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def results(request):
    """All that a fit in memory leads to."""
    fit = mlptrain.fit(request.param, COLUMNS)
    evaluation = fit.model.evaluate(COLUMNS, by="colour")
    description = describe_model(fit.model, "m.npz", 1234)
    importance = fit.model.explain(COLUMNS, repeats=1, groups="size+pieces")
    of_fit = [fit, fit.model, fit.outcome, *fit.outcome.folds, make_fit_result(fit, "m.npz")]
    effects = [fit.model.explain(COLUMNS, method="effects", columns=each) for each in (None, "size,colour")]
    return [*of_fit, evaluation, description, importance, *effects]


@pytest.fixture(scope="module")
def of_files(tmp_path_factory):
    """All that commands lead to, by their kinds."""
    folder = tmp_path_factory.mktemp("commands")
    spec, model = str(write_iris(folder)), folder / "iris.npz"
    found = [
        fit_files(spec, out=model),
        evaluate_files(str(model), str(IRIS), importance=Permutation(repeats=3)),
        show_file(str(model)),
    ]
    found += [
        find_learning_rate(spec, steps=20),
        check_files(spec),
        make_starter_spec(str(IRIS), "species", folder=folder),
    ]
    return {type(each): each for each in found}


def test_every_result_has_a_renderer():
    plain = render_html.dispatch(object)
    kinds = every_subclass(Displayable) - {Exportable}
    assert [kind.__name__ for kind in kinds if render_html.dispatch(kind) is plain] == []


@pytest.mark.parametrize(
    "function",
    [
        fit_files,
        evaluate_files,
        show_file,
        check_files,
        make_starter_spec,
        mlptrain.fit,
        mlptrain.load,
        Model.evaluate,
        report_files,
        report_memory,
    ],
)
def test_what_is_returned_is_displayable(function):
    returned = get_annotations(function, eval_str=False)["return"]
    kinds = {kind.__name__ for kind in every_subclass(Displayable)}
    assert (returned if isinstance(returned, str) else returned.__name__) in kinds


def test_every_result_is_harmless_and_small(results):
    for result in results:
        html = result._repr_html_()
        assert find_flaws(html) == [], type(result)
        assert 100 < len(html.encode()) <= LARGEST


def test_the_results_of_commands_are_too(of_files):
    assert of_files.keys() == {FitResult, EvaluationResult, Description, RateSearch, Check, Starter}
    for kind, result in of_files.items():
        html = result._repr_html_()
        assert find_flaws(html) == [], kind
        assert len(html.encode()) <= LARGEST


def test_a_result_is_the_same_text_whenever_it_is_shown(results):
    for result in results:
        assert result._repr_html_() == result._repr_html_()


def test_what_a_fit_shows():
    fit = mlptrain.fit(KINDS["classes"], COLUMNS)
    html = fit._repr_html_()
    assert "Fit: " in html
    for part in ("train", "validation", "baseline"):
        assert f"<th>{part}</th>" in html
    assert "train loss" in html or "batch loss" in html
    assert "<svg" in html
    assert "Model: label (2 classes) from 5 columns" in html
    assert repr(fit).startswith("Fit: ")


def test_what_an_evaluation_shows():
    html = mlptrain.fit(KINDS["classes"], COLUMNS).model.evaluate(COLUMNS, by="colour")._repr_html_()
    for text in ("95 % interval", "bootstrap samples", "classes", "predicted class (across)", "by colour", ">green<"):
        assert text in html


def make_results(name, of_files):
    """Results in all of whose texts of the user a name stands."""
    metrics = {"loss": 0.5, "accuracy": None}
    line = " ".join(name.split("\n"))
    yield Evaluation(
        rows=3,
        metrics=metrics,
        undefined={"accuracy": name},
        targets={name: metrics},
        confusion=((1.0, 2.0), (3.0, 4.0)),
        classes=tuple(ClassResult(name=name, rows=1.0, precision=0.1, recall=None, f1=0.3) for _ in range(2)),
        seen=f"seen {name}",
        by=name,
        slices=(SliceResult(value=name, rows=3, metrics=metrics),),
        positive_class=name,
    )
    yield make_report(lambda _: name)
    compared = make_comparison(lambda _: name)
    yield from (compared, compared.comparison)
    left_out = (LeftOutModel(file=name, why=name),)
    yield ComparedFiles(comparison=compared.comparison, files={name: name}, left_out=left_out, notices=(name,))
    searched = of_files[RateSearch]
    yield replace(searched, optimizer=name, notices=(name,), suggestion=replace(searched.suggestion, why=name))
    shown = of_files[Description]
    yield replace(shown, model=name, columns={name: name}, target=line)
    yield replace(of_files[Check], columns=[(name, name, name, name)], layers=[(name, (1, 2), 3)], notices=[name])
    fitted = of_files[FitResult]
    yield replace(fitted, model=name, positive_class=name, remark=name)
    yield Outcome(**{each.name: getattr(fitted, each.name) for each in fields(Outcome)} | {"remark": name})
    yield replace(of_files[Starter], target_name=name, target=name, columns=[(name, name, name)], text=line)


@pytest.mark.parametrize("text", [text for text in (*HOSTILE, *SURROGATES) if text.strip()])
def test_hostile_names_make_the_elements_of_tame_ones(text, of_files):
    pairs = zip(make_results("tame", of_files), make_results(text, of_files), strict=True)
    for tame, hostile in pairs:
        html = hostile._repr_html_()
        assert count_elements(html) == count_elements(tame._repr_html_())
        assert find_flaws(html) == []


def test_hostile_columns_and_labels_of_a_real_fit():
    names = [text for text in HOSTILE if text.strip() == text and len(text) < 60 and "\n" not in text][:120:4]
    values = [[float((k * 7 + j) % 11) for k in range(60)] for j in range(len(names))]
    table = dict(zip(names, values, strict=True)) | {"<b>": ["<script>alert(1)</script>", "\u202eb&"] * 30}
    spec = {"data": {"target": "<b>"}, "model": {"hidden": [3]}, "training": {"epochs": 2}, "seed": 1}
    with warnings.catch_warnings(action="ignore"):
        fit = mlptrain.fit(spec, table)
        shown = [fit, fit.model, fit.model.evaluate(table, by=names[0])]
    for result in shown:
        html = result._repr_html_()
        assert find_flaws(html) == []
        assert not DANGEROUS.search(html)
    assert "Model: &lt;b&gt; (2 classes)" in shown[0]._repr_html_()
    assert "&lt;script&gt;" in shown[2]._repr_html_()


def test_the_largest_results_stay_small(of_files):
    shown = of_files[Description]
    many = {f"column {k} {'&' * 200}": "number, 1 input" for k in range(5000)}
    long = {name: [0.1 * (k % 7) + 0.01 for k in range(20_000)] for name in shown.history}
    long["epoch"] = [float(k + 1) for k in range(20_000)]
    long["best"] = [0.0] * 20_000
    classes = tuple(ClassResult(name=f"class {k}", rows=1.0, precision=0.1, recall=0.2, f1=0.3) for k in range(3000))
    metrics = dict.fromkeys(shown.metrics["train"], 0.123456)
    slices = tuple(SliceResult(value="<" * 200, rows=k, metrics=metrics) for k in range(3000))
    large = [
        make_report(lambda tame: tame + "&" * 2000, columns=2000, classes=60),
        make_comparison(lambda tame: tame + "&" * 2000, models=40),
        replace(shown, columns=many, history=long),
        replace(of_files[EvaluationResult], classes=classes, by="k", slices=slices),
        replace(of_files[Check], columns=[("'" * 200,) * 4] * 3000, notices=["&" * 2000] * 300),
        replace(of_files[Starter], text="key: <value>\n" * 30_000),
    ]
    for result in large:
        html = result._repr_html_()
        assert len(html.encode()) <= LARGEST
        assert find_flaws(html) == []
    assert f"and {3000 - MOST_ROWS:,} more" in large[3]._repr_html_()
    assert "too large to be shown here" in large[4]._repr_html_()


def test_what_is_no_result_is_not_shown():
    with pytest.raises(NotImplementedError, match="a notebook shows no int"):
        render_html(3)


def test_a_training_result_is_shown():
    result = TrainingResult(reason="epochs", epochs=3, best_epoch=2, metrics={"train": {"loss": 0.25}})
    assert "<td>0.2500</td>" in result._repr_html_()
