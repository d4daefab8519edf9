"""`mlptrain report`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mlptrain.cli.options import AnyModel, AsJson, SetInput, Threads, prepare_stdout, print_notice, set_blas_threads
from mlptrain.loading import load_modules

Data = Annotated[str | None, typer.Option(metavar="DATA", help="A table or images; by default the spec's test part.")]
Out = Annotated[Path | None, typer.Option(metavar="FILE.html", help="The page; by default MODEL.html; `-` is stdout.")]
TimeLimit = Annotated[
    str | None, typer.Option("--time-limit", metavar="TIME", help="For the importance of columns; by default 20s.")
]
Mute = Annotated[
    list[str] | None,
    typer.Option("--mute", metavar="CODE", help="Leave out findings of this code, as R03; also several times."),
]


def report_command(
    model: AnyModel = None,
    data: Data = None,
    labels: Annotated[str | None, typer.Option(metavar="FILE", help="The labels of images.")] = None,
    out: Out = None,
    time_limit: TimeLimit = None,
    mute: Mute = None,
    settings: SetInput = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Write a page on a model: how good it is, where it is wrong, what it looks at, how it was trained."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.latest_model import choose_model
        from mlptrain.commands.report import ReportOptions, report_files
        from mlptrain.reporting.json_document import format_json
        from mlptrain.reporting.page import publish_page, require_free_page, write_page
        from mlptrain.reporting.report_results import build_report_document

    named = choose_model(model)
    if named.notice:
        print_notice(named.notice)
    page = out or Path(Path(named.model).name).with_suffix(".html")
    if not as_json:
        require_free_page(page)
    options = ReportOptions(
        labels=labels, time_limit=time_limit, settings=tuple(settings or ()), threads=threads, mute=tuple(mute or ())
    )
    report = report_files(named.model, data, options)
    for message in report.notices:
        print_notice(message)
    if as_json:
        print(format_json(build_report_document(report)), file=prepare_stdout())
    elif str(page) == "-":
        print(write_page(report), file=prepare_stdout(), end="")
    else:
        publish_page(report, page)
        print(f"report: {page}", file=sys.stdout)
