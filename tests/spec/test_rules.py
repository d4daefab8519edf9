"""What a spec may not say together: each contradiction at its line, and none where there is none."""

import pytest

from tests.support.spec_cases import DATA, load, problems

UNWATCHED = "there is no validation part to watch; set data.split.validation"
IMAGES = "data:\n  train: {images: i, labels: l}\n"
SPLIT = "data: {train: a.csv, target: y, split: {validation: 0.2}}\n"

CONTRADICTIONS = {
    "too-many-hidden": (
        DATA + f"model:\n  hidden: [{', '.join(['1'] * 1001)}]\n",
        "3: model.hidden: 1001 hidden layers; there may be 1,000",
    ),
    "too-many-layers": (
        DATA + f"model:\n  layers: [{', '.join(['{units: 1}'] * 1001)}]\n",
        "3: model.layers: 1001 hidden layers; there may be 1,000",
    ),
    "no-target": ("data:\n  train: a.csv\n", "1: data: 'target' is missing: which column is to be predicted?"),
    "empty-target": (
        "data: {train: a.csv, target: ''}",
        "1: data: 'target' is missing: which column is to be predicted?",
    ),
    "empty-targets": (
        "data: {train: a.csv, target: []}",
        "1: data: 'target' is missing: which column is to be predicted?",
    ),
    "no-labels": (
        "data:\n  train: {images: i}\n",
        "2: data.train: 'labels' is missing: images need labels to learn from",
    ),
    "target-twice": ("data:\n  train: a.csv\n  target: [y, z, y]\n", "3: data.target: a column is named twice"),
    "target-ignored": (
        "data:\n  train: a\n  target: y\n  columns:\n    x: number\n    y: ignore\n",
        "6: data.columns.y: this is the target; it cannot be ignored",
    ),
    "one-of-the-targets-ignored": (
        "data: {train: a, target: [z, y],\n columns: {y: ignore}}",
        "2: data.columns.y: this is the target; it cannot be ignored",
    ),
    "target-as-weight": (
        "data:\n  train: a\n  target: y\n  sample_weight: y\n",
        "4: data.sample_weight: 'y' is the target; weights need a column of their own",
    ),
    "nothing-left-to-train-on": (
        "data:\n  train: a\n  target: y\n  split: {validation: 0.5, test: 0.5}\n",
        "4: data.split: 0.5 for validation and 0.5 for test leave nothing for training",
    ),
    "url": (
        "data: {train: 'ftp://u:p@x.org/a.csv', target: y}",
        "1: data.train: 'ftp://x.org/a.csv' is a URL; ftp:// is not read; download the file and name it here",
    ),
    "url-of-the-test-part": (
        DATA.replace("}", ", test: s3://}"),
        "1: data.test: 's3://' is a URL; it names no file",
    ),
    "url-of-labels": (
        "data: {train: {images: i, labels: 'http://x'}}",
        "1: data.train.labels: 'http://x' is a URL; http:// is not read",
    ),
    "url-of-the-validation-part": (
        "data: {train: a, target: y,\n split: {validation: {images: 'http://x', labels: l}}}",
        "2: data.split.validation.images: 'http://x' is a URL; http:// is not read",
    ),
    "quote-as-delimiter": (
        "data: {train: a, target: y, delimiter: '\"'}",
        "1: data.delimiter: '\"' cannot separate cells; name the character that does",
    ),
    "newline-as-delimiter": (
        'data: {train: a, target: y, delimiter: "\\n"}',
        "1: data.delimiter: '\\n' cannot separate cells; name the character that does",
    ),
    "nul-as-delimiter": (
        'data: {train: a, target: y, delimiter: "\\0"}',
        "1: data.delimiter: '\\x00' cannot separate cells",
    ),
    "blank-that-is-skipped": (
        "data: {train: a, target: y, delimiter: ' ', skip_initial_space: true}",
        "1: data.delimiter: ' ' cannot separate cells; name the character that does",
    ),
    "unknown-encoding": (
        "data:\n  train: a\n  target: y\n  encoding: utf-9\n",
        "4: data.encoding: 'utf-9' is no text encoding; utf-8, cp1252 and latin-1 are common",
    ),
    "encoding-of-bytes": ("data: {train: a, target: y, encoding: hex}", "1: data.encoding: 'hex' is no text encoding"),
    "dropouts-for-other-layers": (
        DATA + "model:\n  hidden: [1, 2]\n  dropout: [0.1]\n",
        "4: model.dropout: 1 value for 2 hidden layers; give one for each, or a single one",
    ),
    "dropouts-for-other-long-layers": (
        DATA + "model:\n  hidden: [1, 2]\n  dropout: [0.1, 0.2]\n  layers: [{units: 1}]\n",
        "4: model.dropout: 2 values for 1 hidden layer; give one for each, or a single one",
    ),
    "blocks-that-are-not-whole": (
        DATA + "model:\n  hidden: [8, 8, 8, 8]\n  residual: 2\n",
        "4: model.residual: the first hidden layer stands before the blocks, and 3 follow it: they make no whole "
        "blocks of 2; change either number",
    ),
    "blocks-of-no-layers": (
        DATA + "model: {hidden: [8],\n residual: 2}\n",
        "3: model.residual: the first hidden layer stands before the blocks, and 0 follow it",
    ),
    "blocks-without-hidden-layers": (
        DATA + "model: {hidden: [],\n residual: 1}\n",
        "3: model.residual: the first hidden layer stands before the blocks, and 0 follow it",
    ),
    "a-block-that-ends-with-another-width": (
        DATA + "model: {hidden: [8, 5, 8, 6, 7],\n residual: 2}\n",
        "3: model.residual: hidden layer 5 has 7 units, but its block adds its output to 8 numbers; make all blocks "
        "end with 8 units",
    ),
    "a-block-of-long-layers-that-ends-with-another-width": (
        DATA + "model: {layers: [{units: 8}, {units: 9}],\n residual: 1}\n",
        "3: model.residual: hidden layer 2 has 9 units, but its block adds its output to 8 numbers",
    ),
    **{
        f"{name}-without-hidden-layers": (
            DATA + f"model: {{hidden: []}}\nmembers: {name}\n",
            f"3: members: the members of {name} share hidden layers, and there are none; give model.hidden, or a "
            "number of members",
        )
        for name in ("tabm", "tabm_mini")
    },
    "batch-norm-of-single-rows": (
        DATA + "model: {norm: batch}\ntraining:\n  batch_size: 1\n",
        "4: training.batch_size: batch normalisation needs batches of 2 rows or more",
    ),
    "batch-norm-of-single-rows-in-a-layer": (
        DATA + "model: {layers: [{units: 1}, {units: 1, norm: batch}]}\ntraining: {batch_size: 1}\n",
        "3: training.batch_size: batch normalisation needs batches of 2 rows or more",
    ),
    "early-stopping-unwatched": (
        DATA + "training:\n  early_stopping: {}\n",
        f"3: training.early_stopping: {UNWATCHED}",
    ),
    "monitor-unwatched": (DATA + "training:\n  monitor: accuracy\n", f"3: training.monitor: {UNWATCHED}"),
    "plateau-unwatched": (
        DATA + "schedules:\n  learning_rate: reduce_on_plateau\n",
        f"3: schedules.learning_rate: {UNWATCHED}",
    ),
    "plateau-after-a-warm-up-unwatched": (
        DATA + "schedules:\n  learning_rate: {name: warm_up, then: reduce_on_plateau}\n",
        f"3: schedules.learning_rate: {UNWATCHED}",
    ),
    "refit-unwatched": (
        DATA + "training:\n  refit: true\n",
        "3: training.refit: there is no validation part that tells the best epoch; set data.split.validation",
    ),
    "refit-of-folds": (
        "data: {train: a, target: y, split: {folds: 5}}\ntraining:\n  refit: true\n",
        "3: training.refit: several networks are averaged, which have seen all rows between them; remove it, or",
    ),
    "refit-of-repeats": (
        "data: {train: a, target: y, split: {validation: 0.2, repeats: 2}}\ntraining:\n  refit: true\n",
        "3: training.refit: several networks are averaged",
    ),
    "refit-on-another-file": (
        "data: {train: a, target: y, split: {validation: b}}\ntraining:\n  refit: true\n",
        "3: training.refit: the validation rows are in a file of their own; name it in data.train, and set a share",
    ),
    "refit-and-plateau": (
        SPLIT + "training:\n  refit: true\nschedules: {learning_rate: reduce_on_plateau}\n",
        "3: training.refit: reduce_on_plateau watches validation rows, and a refit has none; use another schedule",
    ),
    "lbfgs-in-batches": (
        DATA + "optimizer: lbfgs\ntraining:\n  batch_size: 32\n",
        "4: training.batch_size: lbfgs works on all rows at once; set batch_size: full",
    ),
    "lbfgs-of-several-networks": (
        DATA + "optimizer: lbfgs\ntraining: {batch_size: full}\nmembers: 3\n",
        "4: members: lbfgs trains one network at a time; for several set data.split.folds or repeats",
    ),
    "lbfgs-in-the-default-batches": (
        DATA + "optimizer: lbfgs\n",
        "1: training.batch_size: lbfgs works on all rows at once; set batch_size: full",
    ),
    "momentum-that-is-not-there": (
        DATA + "schedules:\n  momentum: linear\n",
        "3: schedules.momentum: adam has no momentum; use momentum or nesterov",
    ),
}

A = "data: {train: a, target: y,\n "

CONTRADICTIONS |= {
    "no-file": ("data: {train: [], target: y}", "1: data.train: the list is empty; name a file"),
    "no-file-for-the-test": (A + "test: []}", "2: data.test: the list is empty; name a file"),
    "no-file-for-validation": (A + "split: {validation: []}}", "2: data.split.validation: the list is empty"),
    "url-of-weights": (
        DATA + "initial_weights: https://x.org/m.npz\n",
        "2: initial_weights: 'https://x.org/m.npz' is a URL; download the file and name it here",
    ),
    "url-of-weights-in-a-map": (
        DATA + "initial_weights:\n  file: https://x.org/m.npz\n",
        "3: initial_weights.file: 'https://x.org/m.npz' is a URL; download the file and name it here",
    ),
    "frozen-twice": (DATA + "training: {freeze: [output, output]}\n", "2: training.freeze: a layer is named twice"),
    "url-in-a-list": ("data: {train: [a, 'http://x'], target: y}", "1: data.train: 'http://x' is a URL"),
    "no-target-for-a-list-of-files": ("data:\n  train: [a, b]\n", "1: data: 'target' is missing"),
    "thousands-are-the-point": (
        A + "thousands: .}",
        "2: data.thousands: '.' is the decimal point; set data.decimal as well",
    ),
    "thousands-are-the-comma-that-is-the-point": (
        "data: {train: a, target: y, decimal: ',',\n thousands: ','}",
        "2: data.thousands: ',' is the decimal point; set data.decimal as well",
    ),
    **{
        f"{key}-of-the-target": (
            f"data: {{train: a, target: y, columns: {{\n y: {{{key}: {value}}}}}}}",
            f"2: data.columns.y: this is the target; {key} is for features",
        )
        for key, value in {
            "scaling": "robust",
            "encoding": "ordinal",
            "imputing": "{strategy: mean}",
            "min_frequency": "2",
            "format": "DD/MM/YYYY",
            "levels": "[a, b]",
        }.items()
    },
    "target-of-dates": (
        "data: {train: a, target: y, columns: {\n y: date}}",
        "2: data.columns.y: this is the target; a date cannot be predicted; set number or category",
    ),
    "several-targets-of-which-one-has-classes": (
        "data: {train: a, target: [y, z], columns: {\n y: category}}",
        "2: data.columns.y: there are 2 targets, which are numbers; a category must be the only one",
    ),
    "numbers-and-a-loss-of-classes": (
        "data: {train: a, target: y, columns: {\n y: number}}\nloss: cross_entropy",
        "2: data.columns.y: the target is declared as a number, and the loss cross_entropy is for classes; remove one "
        "of the two",
    ),
    "weights-are-no-category": (
        "data: {train: a, target: y, sample_weight: w, columns: {\n w: category}}",
        "2: data.columns.w: this is data.sample_weight, a column of numbers that is no feature; remove its settings",
    ),
    "rare-levels-that-are-given": (
        "data: {train: a, target: y, columns: {a: {levels: [x, y],\n min_frequency: 2}}}",
        "2: data.columns.a.min_frequency: the levels are given, however rare they are; remove one of the two",
    ),
    "unit-of-digits": (
        "data: {train: a, target: y,\n units: ['%', 'm2']}",
        "2: data.units: 'm2' is no unit; write a text without digits and signs, such as '%'",
    ),
    "target-ignored-in-the-long-form": (
        "data: {train: a, target: y, columns: {\n y: {type: ignore}}}",
        "2: data.columns.y: this is the target; it cannot be ignored",
    ),
    "levels-twice": (
        "data: {train: a, target: y, columns: {x: {\n levels: [a, b, a]}}}",
        "2: data.columns.x.levels: give each level once",
    ),
    "no-levels": (
        "data: {train: a, target: y, columns: {x: {\n levels: []}}}",
        "2: data.columns.x.levels: give each level once",
    ),
    **{
        f"scaling-of-a-{kind}": (
            f"data: {{train: a, target: y, columns: {{x: {{type: {kind},\n scaling: robust}}}}}}",
            f"2: data.columns.x.scaling: a {kind} column is not scaled",
        )
        for kind in ("category", "boolean", "date", "ignore")
    },
    **{
        f"{key}-of-a-number": (
            f"data: {{train: a, target: y, columns: {{x: {{type: number,\n {key}: {value}}}}}}}",
            f"2: data.columns.x.{key}: a number column has no {key}; set type: category",
        )
        for key, value in {"encoding": "ordinal", "min_frequency": 2, "levels": "[a, b]"}.items()
    },
    "format-of-a-number": (
        "data: {train: a, target: y, columns: {x: {type: number,\n format: DD/MM/YYYY}}}",
        "2: data.columns.x.format: a number column has no format; set type: date",
    ),
    "format-that-is-none": (
        "data: {train: a, target: y, columns: {x: {\n format: '%Q'}}}",
        "2: data.columns.x.format: ",
    ),
    **{
        f"{kind}-split-without-its-column": (
            A + f"split: {{type: {kind}}}}}",
            f"2: data.split: 'column' is missing: which column holds the {word}?",
        )
        for kind, word in {"group": "groups", "time": "times", "column": "parts"}.items()
    },
    **{
        f"{kind}-split-with-a-column": (
            A + f"split: {{type: {kind}, column: g}}}}",
            f"2: data.split.column: type: {kind} needs no column; set type: group, time or column",
        )
        for kind in ("auto", "random", "stratify")
    },
    "split-by-the-target": (
        A + "split: {type: group, column: y}}",
        "2: data.split.column: 'y' is the target",
    ),
    "split-of-images-by-a-column": (
        "data:\n  train: {images: i, labels: l}\n  split: {type: group, column: g}\n",
        "3: data.split.type: images have no columns; use random or stratify",
    ),
    **{
        f"column-split-with-{key}": (
            A + f"split: {{type: column, column: p, {key}: {value}}}}}",
            "2: data.split: the column says what is held out; remove validation, test and folds",
        )
        for key, value in {"validation": 0.2, "test": 0.1, "folds": 3}.items()
    },
    "folds-and-validation": (
        A + "split: {folds: 3,\n validation: 0.2}}",
        "3: data.split.validation: each fold is validated on the rows it holds out; remove one of the two",
    ),
    **{
        f"repeats-of-a-{kind}-split": (
            A + f"split: {{type: {kind}, column: c,\n repeats: 2}}}}",
            f"3: data.split.repeats: nothing is drawn in a {kind} split; remove it",
        )
        for kind in ("time", "column")
    },
    "repeats-of-nothing": (
        A + "split: {\n repeats: 2}}",
        "3: data.split.repeats: there is nothing to draw anew; set folds, or a share for validation",
    ),
    "repeats-of-a-validation-file": (
        A + "split: {validation: v,\n repeats: 2}}",
        "3: data.split.repeats: there is nothing to draw anew; set folds, or a share for validation",
    ),
}


@pytest.mark.parametrize(("text", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_one_problem_at_its_line(text, said):
    (problem,) = problems(text)
    assert problem.startswith(f"s.yaml:{said}")


def test_all_contradictions_are_listed_in_the_order_of_their_lines():
    text = """\
training:
  monitor: accuracy
  early_stopping: {}
schedules:
  momentum: linear
model:
  dropout: [0.1]
data:
  train: http://x
  target: [y, y]
  encoding: utf-9
"""
    assert [problem.split(": ")[:2] for problem in problems(text)] == [
        ["s.yaml:2", "training.monitor"],
        ["s.yaml:3", "training.early_stopping"],
        ["s.yaml:5", "schedules.momentum"],
        ["s.yaml:7", "model.dropout"],
        ["s.yaml:9", "data.train"],
        ["s.yaml:10", "data.target"],
        ["s.yaml:11", "data.encoding"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        IMAGES,
        "data: {train: a, target: y, columns: {y: category, x: ignore}, sample_weight: w}",
        "data: {train: a, target: y, split: {validation: 0.5, test: 0.4}}",
        "data: {train: a, target: y, split: {validation: v.csv, test: 0.9}}",
        "data: {train: 'a:/b', target: y, delimiter: ' ', encoding: latin-1}",
        "data: {train: a, target: y, skip_initial_space: true}",
        DATA + "model: {hidden: [1, 2], dropout: [0.1, 0.2]}",
        DATA + "model: {hidden: [1, 2], layers: [{units: 1}], dropout: [0.1]}",
        DATA + "model: {hidden: [], dropout: []}",
        DATA + "model: {norm: layer}\ntraining: {batch_size: 1}",
        DATA + "model: {norm: batch}\ntraining: {batch_size: 2}",
        SPLIT + "training: {early_stopping: {}, monitor: accuracy}\nschedules: {learning_rate: reduce_on_plateau}",
        "data: {train: a, target: y, split: {validation: v.csv}}\ntraining: {early_stopping: {}}",
        DATA + "schedules: {learning_rate: cosine}",
        A + "split: {folds: 3, repeats: 2, test: 0.2, type: group, column: g}}\ntraining: {early_stopping: {}}",
        A + "split: {validation: 0.2, repeats: 3}}",
        A + "split: {type: time, column: t, folds: 3}}\ntraining: {monitor: accuracy}",
        A + "split: {type: column, column: p}}\ntraining: {early_stopping: {}}",
        A + "decimal: ',', thousands: .}",
        A + "columns: {y: {type: category}, x: {scaling: robust}, d: {format: '%d %B %Y'}, c: {levels: [a, b]}}}",
        "data: {train: [a, 'part-*.csv'], target: y, test: [b]}",
        DATA + "optimizer: lbfgs\ntraining: {batch_size: full}",
        DATA + "optimizer: momentum\nschedules: {momentum: linear}",
        DATA + "optimizer: nesterov\nschedules: {momentum: linear}",
    ],
)
def test_what_goes_together_is_no_contradiction(text):
    assert load(text)
