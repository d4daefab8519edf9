"""What is doubtful about a target, and words for missing among labels and levels: said by init, check, fit, Python."""

import warnings

import pytest

import mlptrain as package
from tests.support.command import mlptrain

ROWS = 60
PRICES = [f"{k * 37 % 899 + 1}.{k * 811 % 1000:03}" for k in range(ROWS)]
WORDS = ("#NV", "k.A.", "(leer)", "n. v.", "-", "#N/A", "?")


def repeat(*labels):
    return [labels[k % len(labels)] for k in range(ROWS)]


def said_of_missing(word):
    yield f"10 cells say {word!r}, which is a class here; if missing is meant"
    yield f'column "k": 15 cells say {word!r}, a level here; if missing is meant, set data.missing_values: '


NO_NUMBERS = "are numbers, but all are read as labels"
DOUBTS = {
    "marks of thousands": (PRICES, ["all decimal points stand before exactly three digits; if they are marks"]),
    "some marks of thousands": (
        [price if k % 3 else price[:-4] for k, price in enumerate(PRICES)],
        ['set data.decimal: "," and data.thousands: "."'],
    ),
    "half are numbers": (
        [str(k) if k % 2 else "abc"[k % 3] for k in range(ROWS)],
        [f"30 of the 60 cells of the target {NO_NUMBERS}: 33 classes"],
    ),
    "two fifths are numbers": (repeat("1", "2", "a", "b", "c"), [f"24 of the 60 cells of the target {NO_NUMBERS}"]),
    "joined codes": (repeat("01", "1", "2"), ["'01' and '1' are one class, as they are one number"]),
    "codes that are two": (repeat("01", "1", "x", "y", "z"), ["'01' and '1' are two classes, which differ only as"]),
} | {word: (repeat("ja", "nein", "ja", "nein", "ja", word), [*said_of_missing(word)]) for word in WORDS}
FINE = {
    "decimals": [f"{k}.{k % 7}" for k in range(ROWS)],
    "three decimals of small numbers": [f"0.{k:03}" for k in range(ROWS)],
    "classes": repeat("ja", "nein"),
    "letters": repeat("1a", "b", "c"),
}
SPEC = "data: {train: t.csv, target: y}\nmodel: {hidden: []}\ntraining: {epochs: 1}\n"


def columns(target, word="r"):
    return {
        "a": [f"{k * k % 17}.25" for k in range(ROWS)],
        "k": repeat("p", "q", "p", word),
        "y": target,
    }


@pytest.fixture
def write(tmp_path):
    def write(target, word="r"):
        lines = [",".join(row) for row in zip(*columns(target, word).values(), strict=True)]
        (tmp_path / "t.csv").write_text("\n".join(["a,k,y", *lines]) + "\n", encoding="utf-8")
        (tmp_path / "s.yaml").write_text(SPEC)
        return tmp_path

    return write


COMMANDS = {"init": ["t.csv", "--target", "y", "--out", "-"], "check": ["s.yaml"], "fit": ["s.yaml"]}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", DOUBTS)
def test_what_is_doubtful_about_a_target_is_said_by_each_command(name, command, write):
    target, said = DOUBTS[name]
    ended = mlptrain(command, *COMMANDS[command], cwd=write(target, name if name in WORDS else "r"))
    err = " ".join(ended.err.split())
    assert ended.code == 0, err
    assert [words for words in said if words not in err] == [], err


@pytest.mark.parametrize("name", DOUBTS)
def test_python_warns_of_it(name, write):
    target, said = DOUBTS[name]
    folder = write(target, name if name in WORDS else "r")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        package.fit(folder / "s.yaml")
    heard = " ".join(str(each.message) for each in caught)
    assert [words for words in said if words not in heard] == [], heard


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", FINE)
def test_what_is_not_doubtful_is_not_said(name, command, write):
    err = " ".join(mlptrain(command, *COMMANDS[command], cwd=write(FINE[name])).err.split())
    for words in ("marks of thousands", "read as labels", "missing is meant", "one class", "two classes"):
        assert words not in err


@pytest.mark.parametrize("kind", ["number", "category"])
def test_a_declared_kind_ends_the_doubt(kind, write):
    target = PRICES if kind == "number" else DOUBTS["half are numbers"][0]
    ended = mlptrain("check", "s.yaml", "--set", f"data.columns.y={kind}", cwd=write(target))
    assert (ended.code, 'column "y": of the target' in ended.err, NO_NUMBERS in ended.err) == (0, False, False)


def test_a_label_that_means_missing_among_numbers_stays_a_label(write):
    """A dash is a gap in a column of numbers and a class of the target: only the column takes it for missing."""
    folder = write(repeat("+", "-"))
    text = (folder / "t.csv").read_text().replace("\n1.25,", "\n-,")
    (folder / "t.csv").write_text(text)
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "i.yaml", cwd=folder)
    assert ended.code == 0
    spec = (folder / "i.yaml").read_text()
    assert 'a: {type: number, missing_values: ["-"]}' in spec
    assert "2 classes" in spec
    assert "missing_target" not in spec
    assert mlptrain("fit", "i.yaml", "-q", "--set", "training.epochs=1", cwd=folder).code == 0


def test_labels_of_blanks_are_no_class(write):
    folder = write(repeat("a", "b", "  "))
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "i.yaml", cwd=folder)
    spec = (folder / "i.yaml").read_text()
    assert "2 classes: a (20), b (20)" in spec
    assert "missing_target: drop    # 20 rows without a target" in spec
    assert "20 rows without a target left out" in ended.err
