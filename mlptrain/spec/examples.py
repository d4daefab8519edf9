"""What the reference adds to each of its sections: an example, and for families of components what the letters mean.

The keys are the sections' paths in a spec; a test asks for one example of every section, and reads each of them.
"""

from collections.abc import Mapping

EXAMPLES: Mapping[str, str] = {
    "spec": """\
data: {train: titanic.csv, target: survived, split: {validation: 0.2}}
model: {hidden: [64, 64], activation: relu, dropout: 0.2}
optimizer: {name: adamw, learning_rate: 1e-3}
training: {epochs: 100, early_stopping: {patience: 10}}
seed: 1
""",
    "recipe": """\
recipe: plain
data: {train: titanic.csv, target: survived}
training: {epochs: 50}
""",
    "data": """\
data:
  train: houses.tsv
  target: price
  test: houses-of-may.tsv
  columns: {zip: category, id: ignore}
  missing_values: [NA, "?"]
  target_transform: log
""",
    "data.train": """\
data:
  train: {images: train-images-idx3-ubyte.gz, labels: train-labels-idx1-ubyte.gz}
  test: {images: t10k-images-idx3-ubyte.gz, labels: t10k-labels-idx1-ubyte.gz}
""",
    "data.columns": """\
data:
  train: shirts.csv
  target: price
  columns:
    size: {type: category, encoding: ordinal, levels: [s, m, l]}
    sold: {type: date, format: DD/MM/YYYY}
    age: {scaling: robust, imputing: {strategy: mean}}
    id: ignore
""",
    "data.scaling": "data: {train: houses.csv, target: price, scaling: {name: quantile, quantiles: 500}}\n",
    "data.imputing": "data: {train: houses.csv, target: price, imputing: {strategy: constant, value: -1}}\n",
    "data.category_encoding": """\
data: {train: houses.csv, target: price, category_encoding: {name: embedding, width: 4}}
""",
    "data.split": """\
data: {train: titanic.csv, target: survived, split: {folds: 5, test: 0.1, type: stratify}}
""",
    "model": """\
model: {hidden: [128, 64], activation: silu, norm: batch, dropout: [0.2, 0.1], numeric_embedding: plr}
""",
    "model.layers": """\
model:
  layers:
    - {units: 128, activation: relu, norm: batch}
    - {units: 32, activation: tanh, dropout: 0.2}
""",
    "model.activation": "model: {activation: {name: leaky_relu, slope: 0.1}}\n",
    "model.norm": "model: {norm: layer}\n",
    "model.dropout": "model: {dropout: {name: gaussian, rate: 0.1}, input_dropout: 0.05}\n",
    "model.kernel_initializer": "model: {kernel_initializer: {name: orthogonal, gain: 1.4}}\n",
    "model.bias_initializer": "model: {bias_initializer: {name: constant, value: 0.1}}\n",
    "model.numeric_embedding": "model: {numeric_embedding: {name: piecewise_linear, bins: 32, outputs: 8}}\n",
    "model.output": "model: {output: {kernel_initializer: zeros}}\n",
    "loss": "loss: {name: huber, delta: 2}\n",
    "optimizer": "optimizer: {name: adamw, learning_rate: 2e-3, weight_decay: 0.05, global_clipnorm: 1}\n",
    "optimizer.learning_rate_factors": """\
optimizer: {name: adam, learning_rate_factors: {bias: 0.1, scale: 6}}
""",
    "optimizer.weight_decay_factors": """\
optimizer: {name: adamw, weight_decay_factors: {embedding: 1}}
""",
    "schedules": """\
model: {dropout: 0.2}
schedules: {learning_rate: cosine, dropout: flat_cos}
""",
    "schedules.learning_rate": """\
schedules: {learning_rate: {name: warm_up, epochs: 5, then: {name: cosine, end: 1e-5}}}
""",
    "regularization": "regularization: {l2: 1e-4}\n",
    "training": """\
data: {train: titanic.csv, target: survived, split: {validation: 0.2}}
training: {epochs: 200, batch_size: 256, monitor: auc, time_limit: 10m, class_weight: balanced}
""",
    "training.monitor": """\
data: {train: titanic.csv, target: survived, split: {validation: 0.2}}
training: {monitor: accuracy}
""",
    "training.shuffle": """\
data: {train: clicks-*.parquet, target: bought, memory: files}
training: {shuffle: {blocks: 4096, together: 64}}
""",
    "training.early_stopping": """\
data: {train: titanic.csv, target: survived, split: {validation: 0.2}}
training: {early_stopping: {patience: 20, min_delta: 1e-4}}
""",
    "members": "members: {name: tabm, count: 16}\n",
    "initial_weights": """\
data: {train: titanic-of-1913.csv, target: survived}
initial_weights: {file: titanic.npz, head: fresh}
""",
}

LETTERS: Mapping[str, str] = {
    "data.scaling": "x is a number of the column.",
    "data.category_encoding": "A level is a value that a category has in the training rows.",
    "model.activation": "z is the weighted sum of a unit; e is Euler's number.",
    "model.norm": "x is the output of a unit before its activation; γ and β are learned.",
    "model.dropout": "x is the output of a unit; p is the rate. A number stands for bernoulli with this rate.",
    "model.kernel_initializer": "fan_in is the number of inputs of a layer, fan_out the number of its units.",
    "model.bias_initializer": "Values before training.",
    "model.numeric_embedding": "x is the scaled number of a column, F the number of such columns, K `outputs`.",
    "loss": "z is what the network says before its link (logits), y is the truth; averaged over rows and outputs.",
    "optimizer": """\
g is the gradient, u is subtracted from the parameters; lr is the learning rate after its schedule, t the step.""",
    "schedules.learning_rate": """\
base is the value that the spec gives to the scheduled quantity; times are epochs, with fractions.""",
    "training.monitor": """\
w is the weight of a row. Of classes: C is the confusion matrix, Cᵢⱼ the weight of the rows of class i that were \
predicted as class j, p a probability. Of numbers: y is the truth, ŷ the prediction, e = ŷ − y; of several \
targets, the mean.""",
    "members": "x is the input of a layer.",
}
