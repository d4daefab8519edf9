"""What a network's outputs mean, and a whole model as a plan."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import singledispatch

from mlptrain.data.features import PixelFeatures
from mlptrain.data.table_format import TableFormat
from mlptrain.data.targets import NumberTarget, Target
from mlptrain.engine.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Hinge,
    Huber,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)
from mlptrain.export.columns import plan_column, plan_inputs
from mlptrain.export.layers import plan_operations
from mlptrain.export.plan import (
    Average,
    Exponential,
    Link,
    Logistic,
    NetworkPlan,
    NotExportable,
    Plan,
    Softmax,
    Units,
)
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.head import Head
from mlptrain.model.model import Model
from mlptrain.plain import to_plain


def plan_model(model: Model, origin: Mapping[str, str]) -> Plan:
    """The plan of a model; `origin` says of which file and version it is, beside its spec."""
    columns = [column for each in model.networks for column in each.features.columns]
    total, head = sum(model.weights), model.head
    return Plan(
        inputs=plan_inputs(columns, model.spec.data),
        networks=tuple(
            plan_network(each, weight / total) for each, weight in zip(model.networks, model.weights, strict=True)
        ),
        dtype=find_precision(model.networks),
        targets=tuple(head.names),
        classes=tuple(head.classes),
        are_probabilities=head.has_classes and head.loss.probabilistic,
        table=TableFormat(**{each.name: getattr(model.spec.data, each.name) for each in fields(TableFormat)}),
        origin={**origin, "spec": json.dumps(to_plain(model.spec), ensure_ascii=False)},
    )


def find_precision(networks: Sequence[FittedNetwork]) -> str:
    """The type of the networks' numbers, of which there must be one."""
    found = sorted({each.network.dtype.name for each in networks})
    if len(found) > 1:
        raise NotExportable(f"the networks of the model compute in {' and '.join(found)}; train all in one model.dtype")
    return found[0]


def plan_network(fitted: FittedNetwork, share: float) -> NetworkPlan:
    """One network, with its share of the prediction."""
    features, data = fitted.features, fitted.spec.data
    return NetworkPlan(
        share=share,
        columns=tuple(plan_column(column, data) for column in features.columns),
        pixels=features.width if isinstance(features, PixelFeatures) else None,
        operations=plan_operations(fitted.network),
        members=fitted.network.members or 1,
        link=plan_link(fitted.head.loss, fitted.head),
        units=plan_units(fitted.head.target),
    )


@singledispatch
def plan_link(loss: Loss, head: Head) -> Link:
    """What a loss makes of outputs."""
    raise NotExportable(f"the loss {loss.name!r} has no form in an export")


@plan_link.register(CrossEntropy)
@plan_link.register(Focal)
def plan_softmax(loss: Loss, head: Head) -> Link:
    return Softmax()


@plan_link.register
def plan_logistic(loss: BinaryCrossEntropy, head: Head) -> Link:
    return Logistic()


@plan_link.register(Hinge)
@plan_link.register(MeanSquaredError)
@plan_link.register(MeanAbsoluteError)
@plan_link.register(Huber)
@plan_link.register(LogCosh)
@plan_link.register(Quantile)
def plan_average(loss: Loss, head: Head) -> Link:
    return Average(is_pair=stands_for_pair(head))


@plan_link.register
def plan_exponential(loss: Poisson, head: Head) -> Link:
    return Exponential(is_pair=stands_for_pair(head), ceiling=loss.ceiling)


def stands_for_pair(head: Head) -> bool:
    """Whether one output stands for two classes."""
    return head.has_classes and head.outputs < head.width


def plan_units(target: Target) -> Units | None:
    """How numbers get the user's units; nothing for classes."""
    if not isinstance(target, NumberTarget):
        return None
    return Units(
        scale=target.scale,
        center=target.center,
        transform=target.transform,
        lowest=target.lowest,
        highest=target.highest,
    )
