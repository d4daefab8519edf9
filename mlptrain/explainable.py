"""What explains itself: a model, by the rooms `explain` and `diagnostics`, which stand above that of models."""

TYPE_CHECKING = False  # as in `display`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


class Explainable:
    """A model that can say what it looks at, and all that is found of it.

    `mlptrain/__init__.py` says who finds it out; that is loaded when somebody asks.
    """

    _explainer: "ClassVar[Callable[[Any, Any, str | None, dict[str, Any]], Any]]"
    _reporter: "ClassVar[Callable[..., Any]]"

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

    def report(
        self,
        data: "Any" = None,
        *,
        labels: "Any" = None,
        training: "Any" = None,
        name: str = "model",
        mute: "Any" = (),
        time_limit: "Any" = None,
        keep_rows: bool = True,
    ) -> "Any":
        """All that is found of a model on rows in memory with their targets: a frozen `Report` that a notebook shows.

        It says how good the model is, where it is wrong, what it looks at and how it was trained, as `mlptrain report`
        does; its `write_html` writes that page, with `name` as the title. Without `data` it is of the model alone;
        images have their `labels` apart. With the rows of the `training` (of images a pair with their labels), it also
        says whether the model overfits. `mute` has codes of findings, `time_limit` bounds the work for the importance
        of columns; without `keep_rows`, nothing is said of single rows.

        >>> import mlptrain
        >>> table = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": [1.5, 3.5, 5.5, 7.5] * 8}
        >>> model = mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1}}, table).model
        >>> model.report(table, mute=["R02"]).subject.rows
        32
        """
        how = {"name": name, "mute": mute, "time_limit": time_limit, "keep_rows": keep_rows}
        return type(self)._reporter(self, data, labels=labels, training=training, **how)
