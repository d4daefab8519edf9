"""The conversion that an error proposes for rows in memory reads them: followed to the letter, it gives the same."""

import re

import numpy as np
import pytest

from mlptrain import fit
from mlptrain.errors import DataError

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.integration

ROWS = 40


def make_frame():
    bits = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "since": pd.date_range("2016-01-30", periods=ROWS),
            "at": pd.date_range("2016-01-30 12:30", periods=ROWS, freq="90min"),
            "amount": (bits.normal(size=ROWS) * 5000).round(2),
            "fresh": bits.random(ROWS) < 0.5,
            "target": bits.choice(["u", "v"], ROWS),
        }
    )


@pytest.fixture(scope="module")
def model():
    spec = {"data": {"target": "target"}, "model": {"hidden": [2]}, "training": {"epochs": 1, "batch_size": 8}}
    return fit(spec, make_frame()).model


WAYS = {
    "German dates": ("since", lambda frame: frame["since"].dt.strftime("%d.%m.%Y")),
    "American dates": ("since", lambda frame: frame["since"].dt.strftime("%m/%d/%Y")),
    "British dates": ("since", lambda frame: frame["since"].dt.strftime("%d/%m/%Y")),
    "dates in words": ("since", lambda frame: frame["since"].dt.strftime("%d %B %Y")),
    "German times": ("at", lambda frame: frame["at"].dt.strftime("%d.%m.%Y %H:%M")),
    "times with seconds": ("at", lambda frame: frame["at"].dt.strftime("%d.%m.%Y %H:%M:%S")),
    "commas": ("amount", lambda frame: frame["amount"].map(lambda number: f"{number:.2f}".replace(".", ","))),
    "thousands": ("amount", lambda frame: frame["amount"].map("{:,.2f}".format)),
    "a unit": ("amount", lambda frame: frame["amount"].map("{:.2f} €".format)),
    "German": (
        "amount",
        lambda frame: frame["amount"].map(lambda number: f"{number:,.2f}".translate(str.maketrans(",.", ".,"))),
    ),
}


@pytest.mark.parametrize("ask", ["predict", "predict_scores", "evaluate"])
@pytest.mark.parametrize("way", WAYS)
def test_a_proposed_conversion_reads_the_rows(model, way, ask):
    name, write = WAYS[way]
    frame, data = make_frame(), make_frame()
    data[name] = write(frame)
    with pytest.raises(DataError) as caught:
        getattr(model, ask)(data)
    said = str(caught.value)
    assert "data." not in said.partition("in pandas: ")[0]
    proposed = said.partition("in pandas: ")[2]
    ways = [each for each in re.split(r" or (?=pd\.|data\[)", proposed) if each]
    assert ways, said
    converted = [data.assign(**{name: eval(each, {"pd": pd, "data": data})}) for each in ways]
    assert any(each[name].tolist() == frame[name].tolist() for each in converted)
    assert (model.predict(converted[0]) == model.predict(frame)).all()


ODD = {
    "a word among numbers": ("amount", "k.A.", "put None in its place if it means missing"),
    "a word among dates": ("since", "soon", "put None in its place if it means missing"),
    "no truth value": ("fresh", "perhaps", "write one of '0', '1', 'f', 'false'"),
}


@pytest.mark.parametrize(("name", "text", "said"), ODD.values(), ids=ODD)
def test_no_key_of_a_spec_is_proposed_where_none_can_be_set(model, name, text, said):
    data = make_frame().astype({name: object})
    data.loc[3, name] = text
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        model.predict(data)
    assert "data." not in str(caught.value)
    assert "row 4" in str(caught.value)


def test_a_fit_still_speaks_of_its_spec():
    data = make_frame().astype({"amount": str})
    data.loc[3, "amount"] = "k.A."
    columns = {"amount": "number"}
    with pytest.raises(DataError, match=r"data\.missing_values"):
        fit({"data": {"target": "target", "columns": columns}}, data)
