"""Other tools' words for what a spec says: read under our name, each announced in one line."""

from collections.abc import Callable, Mapping
from typing import Any

from mlptrain.engine.dropout import Dropout
from mlptrain.engine.members import Networks
from mlptrain.spec.fields import InitialWeights, LayerSpec, Split

ALIASES: Mapping[str, str] = {
    # Keras, scikit-learn, PyTorch, H2O, Ludwig, pytabkit → ours
    "lr": "learning_rate",
    "eta": "learning_rate",
    "step_size": "learning_rate",
    "learning_rate_init": "learning_rate",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "eps": "epsilon",
    "wd": "weight_decay",
    "hidden_layer_sizes": "hidden",
    "hidden_sizes": "hidden",
    "hidden_units": "hidden",
    "output_size": "units",
    "p_drop": "dropout",
    "dropout_prob": "dropout",
    "dropout_rate": "dropout",
    "input_dropout_ratio": "input_dropout",
    "max_col_norm": "max_norm",
    "weight_norm": "max_norm",
    "normalization": "norm",
    "max_iter": "epochs",
    "max_epochs": "epochs",
    "n_epochs": "epochs",
    "minibatch_size": "batch_size",
    "n_iter_no_change": "patience",
    "stopping_rounds": "patience",
    "early_stop": "early_stopping",
    "metric": "monitor",
    "eval_metric": "monitor",
    "n_ens": "members",
    "class_weights": "class_weight",
    "random_state": "seed",
    "random_seed": "seed",
    "weights_column": "sample_weight",
    "separator": "delimiter",
    "sep": "delimiter",
    "na_values": "missing_values",
    "loss_function": "loss",
    "lr_schedule": "learning_rate",
    "learning_rate_scheduler": "learning_rate",
    "momentum_schedule": "momentum",
    "min_lr": "minimum",
}

NAME_ALIASES: Mapping[str, str] = {
    "logistic": "sigmoid",
    "identity": "linear",
    "swish": "silu",
    "leakyRelu": "leaky_relu",
    "leakyrelu": "leaky_relu",
    "rectifier": "relu",
    "hardtanh": "hard_tanh",
    "hardsigmoid": "hard_sigmoid",
    "mse": "mean_squared_error",
    "mse_loss": "mean_squared_error",
    "squared_error": "mean_squared_error",
    "mae": "mean_absolute_error",
    "absolute_error": "mean_absolute_error",
    "l1_loss": "mean_absolute_error",
    "log_loss": "cross_entropy",
    "logloss": "cross_entropy",
    "cross_entropy_loss": "cross_entropy",
    "categorical_cross_entropy": "cross_entropy",
    "nll": "cross_entropy",
    "nll_loss": "cross_entropy",
    "bce_loss": "binary_cross_entropy",
    "bce_with_logits_loss": "binary_cross_entropy",
    "focal_loss": "focal",
    "hinge_loss": "hinge",
    "huber_loss": "huber",
    "smooth_l1_loss": "huber",
    "poisson_nll_loss": "poisson",
    "poisson_deviance": "poisson",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "bce": "binary_cross_entropy",
    "pinball": "quantile",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
    "l-bfgs": "lbfgs",
    "batchnorm": "batch",
    "batch_norm": "batch",
    "layer_norm": "layer",
    "layernorm": "layer",
    "warmup": "warm_up",
}

VALIDATION_WORDS = [
    *("val", "valid", "dev", "validationsplit", "validationfraction", "validationsize", "valsplit", "valfraction"),
    *("valsize", "validsize", "devsize"),
]
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(["layers", "units", "neurons", "nodes", "layersizes", "architecture"], "model.hidden"),
    **dict.fromkeys(VALIDATION_WORDS, "data.split.validation"),
    **dict.fromkeys(["testsplit", "testsize", "testfraction"], "data.split.test"),
    **dict.fromkeys(["kfold", "kfolds", "nsplits", "nfolds", "cv", "crossvalidation"], "data.split.folds"),
    **dict.fromkeys(["stratify", "stratified", "splitting"], "data.split.type"),
    **dict.fromkeys(["label", "labelcolumn", "targetcolumn", "y", "output", "outputs"], "data.target"),
    **dict.fromkeys(["dataset", "file", "path", "input", "inputs", "csv"], "data.train"),
    **dict.fromkeys(["features", "categorical", "categoricalfeatures", "dtypes", "ignore", "drop"], "data.columns"),
    **dict.fromkeys(["metrics", "scoring", "evalmetrics"], "training.monitor"),
    **dict.fromkeys(["batchnorm", "batchnormalization", "layernorm"], "model.norm"),
    **dict.fromkeys(["criterion", "objective", "lossfn"], "loss"),
    **dict.fromkeys(["solver", "optim"], "optimizer"),
    **dict.fromkeys(["regularizer", "kernelregularizer", "penalty"], "regularization"),
    **dict.fromkeys(["schedule", "scheduler", "lrscheduler", "decay", "learningratedecay"], "schedules.learning_rate"),
    **dict.fromkeys(["ensemble", "nestimators", "bagging"], "members"),
    **dict.fromkeys(["timeout", "budget", "maxtime", "timebudget"], "training.time_limit"),
    **dict.fromkeys(["clip", "gradientclipping", "maxgradnorm", "gradclip"], "optimizer.global_clipnorm"),
    **dict.fromkeys(["warmstart", "initmodel", "pretrained", "loadweights", "finetune"], "initial_weights"),
    **dict.fromkeys(["freezelayers", "frozen", "frozenlayers", "trainable"], "training.freeze"),
    "alpha": "regularization.l2",
}
"""Other tools' words without capitals and signs, wherever they stand, and the key of ours that is meant by them."""

SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(["acc", "valacc", "valaccuracy", "categoricalaccuracy", "binaryaccuracy"], "accuracy"),
    **dict.fromkeys(["valloss", "validationloss", "testloss"], "loss"),
    **dict.fromkeys(["logloss", "crossentropyloss", "neglogloss"], "log_loss"),
    **dict.fromkeys(["rocauc", "aucroc", "valauc"], "auc"),
    **dict.fromkeys(["rootmeansquarederror", "negrootmeansquarederror", "valrmse"], "rmse"),
    **dict.fromkeys(["meanabsoluteerror", "valmae", "l1loss"], "mae"),
    **dict.fromkeys(["rsquared", "r2score"], "r2"),
    **dict.fromkeys(["f1score", "f1macro"], "f1"),
    **dict.fromkeys(["ap", "prauc", "aucpr"], "average_precision"),
    **dict.fromkeys(["matthews", "matthewscorrcoef"], "mcc"),
    **dict.fromkeys(["kappa"], "cohen_kappa"),
    **dict.fromkeys(["float", "int", "integer", "numeric", "numerical", "continuous"], "number"),
    **dict.fromkeys(["str", "string", "text", "object", "categorical", "factor"], "category"),
    **dict.fromkeys(["bool", "binary"], "boolean"),
    **dict.fromkeys(["datetime", "timestamp", "time"], "date"),
    **dict.fromkeys(["skip", "drop", "exclude", "id"], "ignore"),
    **dict.fromkeys(["zscore", "normalize", "standardize", "standardscaler"], "standard"),
    **dict.fromkeys(["minmaxscaler"], "min_max"),
    **dict.fromkeys(["onehot", "onehotencoder", "dummies"], "one_hot"),
    **dict.fromkeys(["cosineannealing", "cosinedecay"], "cosine"),
    **dict.fromkeys(["plateau"], "reduce_on_plateau"),
}
"""Other tools' names without capitals and signs, which are proposed where ours may stand, not read as ours."""

KEY_SYNONYMS: Mapping[str, str] = {"alpha": "slope", "negativeslope": "slope"}
"""Other tools' keys without capitals and signs, and the key of ours that is meant where there is one of this name."""

NAME_KEYS = frozenset(["type", "kind", "class", "classname", "method", "algorithm", "target", "id"])
"""Other tools' keys for the name of a component."""

ADDED_OUTPUT = (
    "the output layer is added by itself, and the loss gives its softmax or sigmoid; remove this, and a last layer "
    "that stands for the outputs"
)
NOT_HERE: Mapping[str, str] = dict.fromkeys(["softmax", "log_softmax", "logsoftmax"], ADDED_OUTPUT)
"""Names of other tools that have no place here, and why."""

OUTPUT_WORDS = ("output", "out", "outputlayer", "final", "last", "head", "lastlayer", "finallayer")
WIDTH_WORDS = ("size", "dim", "dims", "units", "shape", "neurons", "features")
NO_KEYS: Mapping[str, str] = {
    **{f"{word}{what}": ADDED_OUTPUT for word in OUTPUT_WORDS for what in ("activation", "function", "nonlinearity")},
    **dict.fromkeys(["activationoutput", "activationout", "outfunc", "linkfunction", "link"], ADDED_OUTPUT),
    **dict.fromkeys(
        [
            *(f"output{what}" for what in WIDTH_WORDS),
            *("outfeatures", "outdim", "nout", "noutput", "noutputs", "numoutputs", "numclasses", "nclasses"),
        ],
        "the target says how many outputs there are; remove it",
    ),
    **dict.fromkeys(
        [
            *(f"input{what}" for what in WIDTH_WORDS),
            *("infeatures", "indim", "nin", "ninput", "ninputs", "numinputs", "numfeatures", "nfeatures"),
        ],
        "the columns say how many inputs there are; remove it",
    ),
}
"""Other tools' keys without capitals and signs that have none of ours beside them, and why."""

OF_ITEMS = (
    "every item of the list is a dense layer with what belongs to it, written "
    "{units: 64, activation: relu, norm: batch, dropout: 0.2}"
)
OF_INPUTS = "dropout of the inputs is model.input_dropout"
OF_LAYERS = "a number is for every hidden layer, a list has one for each: model.dropout: [0.2, 0.1]"
NO_KEYS_OF: Mapping[type, Mapping[str, str]] = {
    Split: dict.fromkeys(
        ["train", "training", "trainsize", "trainshare", "trainfraction"],
        "the training rows are those that are neither for validation nor for the test; remove it",
    ),
    LayerSpec: dict.fromkeys(
        [
            *("type", "kind", "class", "classname", "layer", "layertype", "name", "rate", "p", "dense", "linear"),
            *("batchnorm", "batchnormalization", "layernorm", "relu"),
        ],
        OF_ITEMS,
    ),
    Dropout: {
        **dict.fromkeys(["hidden", "layers", "hiddenlayers", "units"], OF_LAYERS),
        **dict.fromkeys(["input", "inputs", "visible", "inputlayer"], OF_INPUTS),
    },
}
"""Such keys of one section or component: elsewhere, one of this name says something else."""

SHORT_FORMS: Mapping[type, tuple[str, str, str]] = {
    Dropout: ("name", "bernoulli", "rate"),
    Networks: ("name", "networks", "count"),
}
"""Components that may be written as a number: the key of the name, the name, the key of the number."""
TEXT_FORMS: Mapping[type, str] = {InitialWeights: "file"}
"""Sections that may be written as a text, and its key."""


def rename_sgd(component: Mapping[str, Any]) -> dict[str, Any] | None:
    """Rename {name: sgd, momentum: 0.9, nesterov: true} of Keras and PyTorch; None if no key tells another name."""
    nesterov = component.get("nesterov", "false")
    if component.get("name") != "sgd" or not {"momentum", "nesterov"} & component.keys():
        return None
    if nesterov not in ("true", "false"):
        return {**component, "name": "nesterov"}
    name = "nesterov" if nesterov == "true" else "momentum" if "momentum" in component else "sgd"
    return {key: value for key, value in component.items() if key != "nesterov"} | {"name": name}


MEANT: tuple[Callable[[Mapping[str, Any]], dict[str, Any] | None], ...] = (rename_sgd,)
"""Functions that rename a component whose other keys tell that another name is meant."""
