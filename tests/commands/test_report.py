"""`report`: a model in, one page out; the same facts as JSON."""

import json
from contextlib import chdir
from random import Random

import pytest

from mlptrain.commands.report import ReportOptions, report_and_compare_files
from mlptrain.errors import SpecError
from tests.support.command import IRIS, files, mlptrain, write_iris
from tests.support.images import fit_images


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    folder = tmp_path_factory.mktemp("iris")
    write_iris(folder)
    assert mlptrain("fit", "iris.yaml", "-q", cwd=folder).code == 0
    return folder


def test_the_same_model_and_rows_give_the_same_page(iris):
    for name in ("a.html", "b.html"):
        assert mlptrain("report", "iris.npz", "--data", IRIS, "--out", name, cwd=iris) == (0, f"report: {name}\n", "")
    assert (iris / "a.html").read_bytes() == (iris / "b.html").read_bytes()


def test_the_page_needs_nothing_from_elsewhere(iris):
    page = mlptrain("report", "iris.npz", "--data", IRIS, "--out", "-", cwd=iris).out
    assert "<script" not in page
    assert " style=" not in page
    assert page.count("http") == page.count("http-equiv")


def test_the_document_has_all_parts(iris):
    found = json.loads(mlptrain("report", "iris.npz", "--data", IRIS, "--json", cwd=iris).out)
    assert found.keys() == {
        *(
            "subject",
            "findings",
            "muted",
            "quality",
            "weak_rows",
            "importance",
            "effects",
            "pixels",
            "course",
            "layers",
        ),
        *("columns", "more_columns", "reproduction", "absent", "notices"),
    }
    assert found["subject"]["rows"] == 150
    assert found["absent"] == {"training": "these are the training rows themselves"}


def test_a_file_that_is_no_report_is_not_replaced(iris):
    (iris / "mine.html").write_text("<p>mine</p>")
    ended = mlptrain("report", "iris.npz", "--out", "mine.html", cwd=iris)
    assert (ended.code, ended.err) == (
        2,
        "error: --out mine.html: exists and is no report; choose another name\n",
    )
    assert (iris / "mine.html").read_text() == "<p>mine</p>"


def test_without_the_training_file_the_model_alone_is_told_of(iris, tmp_path):
    (tmp_path / "iris.npz").write_bytes((iris / "iris.npz").read_bytes())
    found = json.loads(mlptrain("report", "iris.npz", "--json", cwd=tmp_path).out)
    assert found["quality"] is None
    assert found["absent"].keys() == {"quality", "weak_rows", "importance", "effects"}
    assert "give --data" in found["absent"]["quality"]
    assert found["course"]["networks"][0]["history"]["epoch"]


def test_a_muted_finding_is_counted_in_its_place(iris):
    def list_codes(*options):
        found = json.loads(mlptrain("report", "iris.npz", *options, "--json", cwd=iris).out)
        return [each["code"] for each in found["findings"]], found["muted"]

    assert list_codes() == (["R03"], [])
    assert list_codes("--mute", "R03", "--mute", "R06") == ([], ["R03"])
    ended = mlptrain("report", "iris.npz", "--mute", "R99", cwd=iris)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: mute: no finding has the code 'R99'; there are R01 (overfitting), R02")


def fit_and_find(folder, **sections):
    """The codes of what stands out on the test rows of a quick fit."""
    write_iris(folder, **sections)
    assert mlptrain("fit", "iris.yaml", "-q", cwd=folder).code == 0
    found = json.loads(mlptrain("report", "iris.npz", "--json", "--time-limit", "1s", cwd=folder).out)
    assert found["absent"] == {}
    return [each["code"] for each in found["findings"]]


HELD_OUT = {"train": "iris.csv", "target": "species", "split": {"validation": 0.2, "test": 0.3}}


def test_what_has_learned_nothing_is_no_better_than_the_baseline(tmp_path):
    codes = fit_and_find(tmp_path, data=HELD_OUT, optimizer={"name": "sgd", "learning_rate": 1e-9})
    assert codes[0] == "R02"
    assert "R01" not in codes


def test_what_knows_its_training_rows_by_heart_overfits(tmp_path):
    heading, *lines = IRIS.read_text().splitlines()
    inputs, labels = zip(*(line.rsplit(",", 1) for line in lines), strict=True)
    mixed = Random(1).sample(labels, len(labels))
    rows = map(",".join, zip(inputs, mixed, strict=True))
    (tmp_path / "mixed.csv").write_text("\n".join([heading, *rows]))
    training = {"epochs": 60, "batch_size": 16}
    data = HELD_OUT | {"train": "mixed.csv", "split": {"test": 0.3}}
    codes = fit_and_find(tmp_path, data=data, model={"hidden": [64, 64]}, training=training)
    assert codes[:2] == ["R02", "R01"]


@pytest.fixture(scope="module")
def two(iris):
    write_iris(iris, "wide.yaml", model={"hidden": [32], "activation": "relu"})
    assert mlptrain("fit", "wide.yaml", "-q", cwd=iris).code == 0
    return iris


def test_several_models_are_compared_on_the_same_rows(two):
    with chdir(two):
        found = report_and_compare_files(["iris.npz", "wide.npz"], str(IRIS), ReportOptions(time_limit="1s"))
    names = [each.name for each in found.comparison.models]
    assert sorted(names) == ["iris", "wide"]
    assert [each.subject.name for each in found.reports] == names
    assert {each.key for each in found.comparison.settings} == {"model.hidden", "model.activation"}
    for model, report in zip(found.comparison.models, found.reports, strict=True):
        assert model.metrics == report.quality.evaluation.metrics
        assert model.intervals == report.quality.evaluation.intervals
        assert "the model has seen these rows" in model.seen


def test_rows_must_be_named_for_several_models_unless_their_specs_name_the_same(two, tmp_path):
    paths = [str(two / name) for name in ("iris.npz", "wide.npz")]
    with pytest.raises(SpecError, match="give --data"):
        report_and_compare_files(paths)
    with pytest.raises(SpecError, match="the same model is named twice"):
        report_and_compare_files([paths[0], str(two / ".." / two.name / "iris.npz")], str(IRIS))
    data = {"train": "iris.csv", "target": "species", "test": "iris.csv"}
    for name in "ab":
        write_iris(tmp_path, f"{name}.yaml", data=data, seed=ord(name))
        assert mlptrain("fit", f"{name}.yaml", "-q", cwd=tmp_path).code == 0
    found = report_and_compare_files([str(tmp_path / f"{name}.npz") for name in "ab"])
    assert found.comparison.rows_name == "test rows"


def test_several_models_are_one_page_and_one_document(two):
    how = ("--data", IRIS, "--time-limit", "1s")
    ended = mlptrain("report", "iris.npz", "wide.npz", *how, cwd=two)
    assert (ended.code, ended.out) == (0, "report: report.html\n")
    assert b"The whole report of wide" in (two / "report.html").read_bytes()
    found = json.loads(mlptrain("report", "iris.npz", "wide.npz", *how, "--json", cwd=two).out)
    assert found.keys() == {"comparison", "reports"}
    assert found["comparison"].keys() == {
        *("targets", "rows", "rows_name", "metric", "larger_is_better", "baseline", "models", "differences"),
        *("resamples", "verdict", "disagreement", "settings"),
    }
    assert isinstance(found["comparison"]["differences"][0]["is_decided"], bool)
    assert [each["subject"]["name"] for each in found["reports"]] == [
        each["name"] for each in found["comparison"]["models"]
    ]


def test_no_page_names_a_folder_of_this_machine(two):
    ended = mlptrain("report", "iris.npz", "wide.npz", "--data", two / "iris.csv", "--out", "-", cwd=two)
    assert ended.code == 0
    assert "iris.csv is the training file" in ended.out
    assert str(two) not in ended.out


ONCE = "standard input can be read once, and several models are named"


@pytest.mark.parametrize("split", [{"folds": 3}, {"validation": 0.2}, {"test": 0.2}])
@pytest.mark.parametrize("is_there", [True, False])
def test_no_sentence_names_a_folder_of_this_machine(tmp_path, split, is_there):
    data = {"train": str(tmp_path / "rows" / "iris.csv"), "target": "species", "split": split}
    (tmp_path / "rows").mkdir()
    write_iris(tmp_path / "rows")
    write_iris(tmp_path, data=data, training={"epochs": 1})
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path).code == 0
    if not is_there:
        (tmp_path / "rows" / "iris.csv").unlink()
    found = json.loads(mlptrain("report", "iris.npz", "--json", "--time-limit", "1s", cwd=tmp_path).out)
    found["reproduction"].pop("spec")
    assert str(tmp_path) not in json.dumps(found)
    assert (found["quality"] is None) == (not is_there)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--card", "-", "--out", "-"), "--card -: --out - writes to stdout already; name a file"),
        (("--card", "-", "--json"), "--card -: --json writes to stdout already; name a file"),
        (("--card", "a.html", "--out", "a.html"), "--card a.html: this is where the page goes; choose another name"),
        (("wide.npz", "--card", "a.md"), "--card: a card is of one model; name one MODEL"),
        (
            ("wide.npz", "--data", "-"),
            "--data -: standard input can be read once, and several models are named; name a file",
        ),
        (("wide.npz",), "several models are judged on the same rows, and their specs do not name one: give --data"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(two, arguments, said):
    before = files(two)
    assert mlptrain("report", "iris.npz", *arguments, cwd=two) == (2, "", f"error: {said}\n")
    assert files(two) == before


def test_making_a_model_again_leaves_its_own_spec_alone(iris):
    found = json.loads(mlptrain("report", "iris.npz", "--json", "--time-limit", "1s", cwd=iris).out)
    assert found["reproduction"]["commands"] == [
        "mlptrain show iris.npz --spec > iris-again.yaml",
        "mlptrain fit iris-again.yaml",
    ]


def test_a_card_is_written_beside_the_page(iris):
    ended = mlptrain("report", "iris.npz", "--card", "card.md", "--time-limit", "1s", cwd=iris)
    assert (ended.code, ended.out) == (0, "report: iris.html\ncard: card.md\n")
    assert (iris / "card.md").read_text().startswith("---\n# mlptrain model card\nlibrary_name: mlptrain\n")


def test_without_rows_nothing_of_a_single_row_is_left(two, tmp_path):
    data = {"train": "iris.csv", "target": "petal_length", "split": {"validation": 0.2}}
    write_iris(tmp_path, data=data)
    assert mlptrain("fit", "iris.yaml", "-q", cwd=tmp_path).code == 0
    for folder, names in ((tmp_path, ["iris.npz"]), (two, ["iris.npz", "wide.npz"])):
        how = ("--data", IRIS, "--json", "--time-limit", "1s")
        whole, some = (
            json.loads(mlptrain("report", *names, *how, *more, cwd=folder).out) for more in ((), ("--no-rows",))
        )
        assert find_single_rows(whole)
        assert not find_single_rows(some)


def find_single_rows(document):
    """What a document says of single rows."""
    reports = document.get("reports", [document])
    found = [row for each in reports for row in each["weak_rows"]["worst"]]
    found += [point for each in reports for part in each["quality"]["residuals"] for point in part["points"]]
    found += [curve for each in reports for part in each["effects"]["columns"] for curve in part["ice"]]
    return found + document.get("comparison", {}).get("disagreement", {}).get("disputed", [])


def test_a_model_of_images_has_a_page_that_tells_no_folder_of_the_machine(tmp_path):
    fit_images(tmp_path, epochs=2).save(tmp_path / "images.npz")
    page = mlptrain("report", "images.npz", "--out", "-", cwd=tmp_path).out
    assert "judged on 40 test rows" in page
    assert "Pixels</h3>" in page
    assert page.count('class="pixel s1"') > 3
    assert str(tmp_path) not in page
    assert "images: …/train.images, labels: …/train.labels" in page
    assert "Of absolute paths the folders are left out" in page


@pytest.mark.parametrize("name", [".", "/", "..", "here/"])
def test_a_folder_is_no_model(tmp_path, name):
    (tmp_path / "here").mkdir()
    ended = mlptrain("report", name, cwd=tmp_path)
    assert ended.code == 5
    assert "this is a folder; name a model" in ended.err
