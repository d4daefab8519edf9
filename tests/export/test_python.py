"""The Python scorer: one file that predicts what the model predicts, with the standard library alone."""

import csv
import subprocess
import sys

import numpy as np

import mlptrain

ROWS = 60


def make_table() -> dict[str, list[object]]:
    bits = np.random.default_rng(0)
    size = bits.normal(size=ROWS)
    colour = bits.choice(["red", "green", "blue"], ROWS)
    label = np.where(size + (colour == "red") > 0.3, "yes", "no")
    return {"size": size.tolist(), "colour": colour.tolist(), "label": label.tolist()}


def test_scorer_predicts_what_the_model_predicts(tmp_path):
    table = make_table()
    model = mlptrain.fit({"data": {"target": "label"}, "training": {"epochs": 3}}, table).model
    model.save(tmp_path / "m.npz")
    from mlptrain.commands.export import export_file

    export_file(str(tmp_path / "m.npz"), "python", tmp_path / "scorer.py")
    with (tmp_path / "rows.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([list(table), *zip(*table.values(), strict=True)])
    given = [sys.executable, "-I", "-S", "scorer.py", "rows.csv", "--probabilities"]
    done = subprocess.run(given, cwd=tmp_path, capture_output=True, text=True, check=True)
    head, *rows = csv.reader(done.stdout.splitlines())
    assert head == ["label", "probability_no", "probability_yes"]
    assert [row[0] for row in rows] == model.predict(table).tolist()
    np.testing.assert_allclose(np.array([row[1:] for row in rows], float), model.predict_proba(table), atol=1e-6)
