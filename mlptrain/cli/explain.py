"""`mlptrain explain`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlptrain.cli.options import (
    AnyModel,
    AsJson,
    SetInput,
    Threads,
    Verbose,
    prepare_stdout,
    print_notice,
    set_blas_threads,
)
from mlptrain.loading import load_modules

if TYPE_CHECKING:
    from mlptrain.explain.methods import Explanation

Data = Annotated[
    str | None, typer.Argument(metavar="[DATA]", help="A table, or images; by default the spec's test part.")
]
METHOD_HELP = (
    "`permutation`: what each column is worth; `effects`: how it moves the prediction. Of single rows: `gradients`, "
    "what moved the answer away from the mean; `shapley`, the fair share of each column; `counterfactual`, what would "
    "change it. Of images: `pixels`, how much each of them matters."
)
Method = Annotated[str | None, typer.Option(metavar="METHOD", help=METHOD_HELP)]
ExplainedRows = Annotated[
    str | None,
    typer.Option("--rows", metavar='N|all|"1,5,7"', help="Explain these rows, by gradients unless a method is named."),
]
Baseline = Annotated[
    str | None, typer.Option(metavar="FILE", help="Rows that are usual; by default those of DATA.", show_default=False)
]
Orders = Annotated[int | None, typer.Option(metavar="N", min=2, help="Of shapley: pairs of orders; by default 10.")]
ToChange = Annotated[
    str | None, typer.Option("--change", metavar='"a,b"', help="Of counterfactual: the columns that may change.")
]
MostChanges = Annotated[
    int | None, typer.Option("--most-changes", metavar="N", min=1, max=3, help="… at once; by default 3.")
]
Metric = Annotated[
    str | None, typer.Option(metavar="NAME", help="By default what the fit watched, if it is proper; log loss, RMSE.")
]
Groups = Annotated[
    str | None,
    typer.Option(metavar='auto|none|"a+b,c"', help="Columns that are also moved together; auto: that go together."),
]
TimeLimit = Annotated[
    str | None, typer.Option("--time-limit", metavar="TIME", help="No further round after it; by default 20s.")
]
Repeats = Annotated[int | None, typer.Option(metavar="N", min=1, help="Rounds over all columns; by default 10.")]
RowsLimit = Annotated[
    int | None,
    typer.Option(
        "--rows-limit", metavar="N", min=2, help="Rows that are drawn of more; 5000, of effects 1000, of pixels 500."
    ),
]
Columns = Annotated[str | None, typer.Option(metavar='"a,b"', help="Effects of these columns; by default of all.")]
ClassLabel = Annotated[
    str | None, typer.Option("--class", metavar="LABEL", help="The class whose probability, or log-odds, it is.")
]
Curve = Annotated[
    str | None,
    typer.Option(metavar="auto|partial_dependence", help="Effects of numbers; auto: accumulated local effects."),
]
Points = Annotated[
    int | None, typer.Option(metavar="N", min=2, help="Values of a number; by default 24, of few rows fewer.")
]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a table; also .tsv, .parquet, .xlsx.")]


def explain_command(
    model: AnyModel = None,
    data: Data = None,
    method: Method = None,
    rows: ExplainedRows = None,
    baseline: Baseline = None,
    orders: Orders = None,
    change: ToChange = None,
    most_changes: MostChanges = None,
    metric: Metric = None,
    groups: Groups = None,
    time_limit: TimeLimit = None,
    repeats: Repeats = None,
    rows_limit: RowsLimit = None,
    columns: Columns = None,
    class_label: ClassLabel = None,
    curve: Curve = None,
    points: Points = None,
    out: Out = None,
    settings: SetInput = None,
    threads: Threads = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show what a model looks at: what each column is worth, how it moves predictions, also those of single rows."""
    set_blas_threads(threads)
    options = {
        **{"metric": metric, "groups": groups, "time_limit": time_limit, "repeats": repeats, "rows_limit": rows_limit},
        **{"columns": columns, "class_label": class_label, "curve": curve, "points": points},
        **{"rows": rows, "orders": orders, "change": change, "most_changes": most_changes},
    }
    how = {"baseline": baseline, "out": out, "settings": settings or (), "threads": threads}
    result = explain_named_files(model, data, method=method, options=options, how=how)
    if as_json or out is None:
        print_explanation(result, as_json=as_json, verbose=verbose)


def explain_named_files(
    model: str | None, data: str | None, *, method: str | None, options: dict[str, Any], how: dict[str, Any]
) -> "Explanation":
    """What a method finds of the model and the data that are meant; what there is to say is printed."""
    with load_modules():
        from mlptrain.commands.explain import explain_files
        from mlptrain.commands.latest_model import choose_model_and_data

    named = choose_model_and_data(model, data)
    if named.notice:
        print_notice(named.notice)
    result = explain_files(named.model, named.data, method, options, **how)
    for message in result.notices:
        print_notice(message)
    return result


def print_explanation(result: "Explanation", *, as_json: bool, verbose: bool) -> None:
    """Print what was found, as a document or as tables."""
    from mlptrain.reporting import bars, explain_results, json_document
    from mlptrain.reporting.terminal import find_terminal

    if as_json:
        document = explain_results.build_explanation_document(result)
        print(json_document.format_json(document), file=prepare_stdout())
        return
    signs = bars.choose_bar_signs(sys.stdout.encoding)
    print(explain_results.format_explanation(result, find_terminal(sys.stdout), signs=signs, verbose=verbose))
