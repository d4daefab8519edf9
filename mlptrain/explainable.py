"""What explains itself: a model, by the room `explain`, which stands above that of models."""

TYPE_CHECKING = False  # as in `display`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


class Explainable:
    """A model that can say what it looks at.

    `mlptrain/__init__.py` says who finds it out; that is loaded when somebody asks.
    """

    _explainer: "ClassVar[Callable[[Any, Any, str | None, dict[str, Any]], Any]]"

    def explain(self, data: "Any", *, method: "str | None" = None, **options: "Any") -> "Any":
        """What a model's predictions rest on, found on rows in memory: a frozen result that a notebook shows as tables.

        `permutation` (with the targets), the default: what each column is worth, by how much worse `metric` gets when
        its cells are those of other rows. `groups` ("auto", "none", "a+b,c" or lists of names) are also moved together;
        `time_limit`, `repeats` and `rows_limit` bound the work.

        `gradients`, the default where `rows` are given, and `shapley`: the effect of each column on the answers for
        single `rows` (the first so many, "all", or a list of their numbers, from 1), of a class `class_label`, against
        the mean of the data or of a `baseline`. `counterfactual`: the nearest `change` of some columns ("a,b" or a
        list) that gives the rows another class.

        `pixels`, the default of models of images: how much each pixel adds to the answers; of single `rows` with its
        sign.

        >>> import mlptrain
        >>> table = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": [1.5, 3.5, 5.5, 7.5] * 8}
        >>> model = mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1}}, table).model
        >>> model.explain(table, repeats=3).columns[0].column
        'x'
        """
        return type(self)._explainer(self, data, method, options)
