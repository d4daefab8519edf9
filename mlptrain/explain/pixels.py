"""The pixels that the answers for images rest on, by integrated gradients (Sundararajan, Taly, Yan, 2017).

A model hardly misses a single pixel, since its neighbours say nearly the same, and to permute each of many takes long.
On the way from the usual image to another one, pixel p adds IG_p to the answer f; Σ IG_p is the difference of f. The
map of all images is the mean of |IG_p|. The way begins at the mean image: from a black one, a pixel that is black would
have no effect, though the absence of ink may be what tells (Sturmfels, Lundberg, Lee, 2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from mlptrain.data.features import PixelFeatures
from mlptrain.engine.input_gradient import find_input_embedding
from mlptrain.explain.gradients import Integral, integrate_gradients, make_route
from mlptrain.explain.pixel_maps import Grid, ImageMap, PixelMaps
from mlptrain.explain.row_choice import RowsAsked, choose_rows
from mlptrain.explain.row_effects import CLOSE, list_doubts, measure_gaps
from mlptrain.explain.row_question import RowQuestion, RowsInNetwork, ask_about_rows
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]

CLOSE_ENOUGH = 0.01
"""How far effects may miss what they add up to where only their mean size is asked for: a tenth of the time."""
MOST_USUAL = 1000
"""Images that the baseline is the mean of; of more, as many are drawn."""


@dataclass(frozen=True, kw_only=True)
class PixelGradients:
    """How much each pixel adds to the answers: the mean size over images, and of single ones the effect itself."""

    name: Literal["pixels"] = "pixels"
    rows: RowsAsked | None = None
    """The images to show one by one: the first so many, `all`, or their numbers "1,5,7"; by default none."""
    class_label: str | None = None
    """The class, or one of several targets; by default the class that is predicted."""
    rows_limit: Annotated[int, Ge(1)] = 500
    """The most images that the mean is over; of more, as many are drawn."""
    needs_targets: ClassVar[bool] = False
    of_images: ClassVar[bool] = True

    @np.errstate(all="ignore")  # what is too large for the network's numbers is seen in the effects
    def explain(self, model: Model, rows: Rows, usual: Rows | None = None) -> PixelMaps:
        """The effects of the pixels of images, from the mean of usual ones."""
        given = rows if self.rows is not None else choose_rows(rows, self.rows_limit, model.spec.seed)
        asked = "all" if self.rows is None else self.rows
        question = ask_about_rows(model, given, usual, asked=asked, of=self.class_label, most_usual=MOST_USUAL)
        height, width = measure_sides(narrow_to_pixels(model.networks[0]).shape)
        seen = question.encode()
        routes = [make_route(each, find_pixels(each, height * width)) for each in seen]
        answer, miss = question.explained.answer, CLOSE_ENOUGH if self.rows is None else CLOSE
        found = integrate_gradients(routes, question.weights, answer, height * width, miss=miss)
        differences = found.score - found.baseline
        gap = float(measure_gaps(found.effects, differences).max(initial=0))
        return PixelMaps(
            method=self.name,
            score=question.explained.words,
            usual=f"the mean of {question.usual.count:,} image{'s' * (question.usual.count != 1)}",
            height=height,
            width=width,
            values=make_grid(np.abs(found.effects).mean(axis=0), width),
            rows=question.rows.count,
            rows_given=rows.count,
            images=() if self.rows is None else tuple(make_image_maps(question, found, width)),
            largest_gap=gap,
            notices=list_doubts(differences, gap, miss),
        )


def measure_sides(shape: Sequence[int]) -> tuple[int, int]:
    """The height and the width of images: (height, width), (height, width, colours), or a line of pixels (width,)."""
    return (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])


def narrow_to_pixels(network: FittedNetwork) -> PixelFeatures:
    """The features of a network of images."""
    assert isinstance(network.features, PixelFeatures)
    return network.features


def find_pixels(seen: RowsInNetwork, pixels: int) -> Numbers:
    """The number of the pixel that each column of h belongs to, whose colours are one pixel (D,)."""
    features = narrow_to_pixels(seen.fitted)
    embedding = find_input_embedding(seen.network)
    runs = [(place, 1) for place in range(features.width)] if embedding is None else embedding.runs
    inputs = np.repeat([place for place, _ in runs], [width for _, width in runs])
    return np.asarray(inputs // (prod(features.shape) // pixels))


def make_image_maps(question: RowQuestion, found: Integral, width: int) -> list[ImageMap]:
    """The maps of the images, in the order in which they were asked for."""
    return [
        ImageMap(
            row=int(question.rows.numbers[place]),
            prediction=question.read_prediction(place),
            explained=question.explained.names[place],
            score=float(found.score[place]),
            baseline=float(found.baseline[place]),
            values=make_grid(effects, width),
        )
        for place, effects in enumerate(found.effects)
    ]


def make_grid(values: Doubles, width: int) -> Grid:
    """Numbers of pixels, line by line."""
    return tuple(map(tuple, values.reshape(-1, width).tolist()))
