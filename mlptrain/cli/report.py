"""`mlptrain report`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlptrain.cli.options import AsJson, SetInput, Threads, prepare_stdout, print_notice, set_blas_threads
from mlptrain.errors import SpecError
from mlptrain.loading import load_modules

if TYPE_CHECKING:
    from mlptrain.commands.report import ComparedReports, ReportOptions
    from mlptrain.diagnostics.report import Report

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        help="A model (.npz), or its spec; by default the newest one in this folder. Several are compared.",
        show_default=False,
    ),
]
Data = Annotated[str | None, typer.Option(metavar="DATA", help="A table or images; by default the spec's test part.")]
Labels = Annotated[str | None, typer.Option(metavar="FILE", help="The labels of images.")]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE.html", help="The page; by default MODEL.html, of several report.html; `-` is stdout."),
]
Card = Annotated[Path | None, typer.Option(metavar="FILE.md", help="Write a model card, too; `-` is stdout.")]
Mute = Annotated[
    list[str] | None,
    typer.Option("--mute", metavar="CODE", help="Leave out findings of this code, as R03; also several times."),
]
NoRows = Annotated[bool, typer.Option("--no-rows", help="Leave out all that is of single rows, before it is mailed.")]
TimeLimit = Annotated[
    str | None, typer.Option("--time-limit", metavar="TIME", help="For the importance of columns; by default 20s.")
]
STDOUT = Path("-")


def report_command(
    models: Models = None,
    data: Data = None,
    labels: Labels = None,
    out: Out = None,
    card: Card = None,
    mute: Mute = None,
    no_rows: NoRows = False,
    time_limit: TimeLimit = None,
    settings: SetInput = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Write a page on a model: how good it is, where it is wrong, what it looks at, how it was trained."""
    set_blas_threads(threads)
    with load_modules():
        from mlptrain.commands.report import ReportOptions

    options = ReportOptions(
        labels=labels,
        time_limit=time_limit,
        settings=tuple(settings or ()),
        threads=threads,
        mute=tuple(mute or ()),
        keep_rows=not no_rows,
    )
    names = choose_models(models or [])
    name = Path(names[0]).stem if len(names) == 1 else ""
    page = out or Path(f"{name or 'report'}.html")
    require_free_files(None if as_json else page, card, several=len(names) > 1)
    found = report_on_models(names, data, options)
    for message in found.notices:
        print_notice(message)
    show_report(found, page, as_json=as_json)
    if card is not None:
        show_card(found, card)


def choose_models(arguments: Sequence[str]) -> list[str]:
    """The models that are meant; what there is to say about the choice is printed."""
    with load_modules():
        from mlptrain.commands.latest_model import choose_model

    chosen = [choose_model(each) for each in arguments] or [choose_model(None)]
    for each in chosen:
        if each.notice:
            print_notice(each.notice)
    return [each.model for each in chosen]


def require_free_files(page: Path | None, card: Path | None, *, several: bool) -> None:
    """Refuse, before any work, what could not be written in the end; the page is None where JSON is printed."""
    with load_modules():
        from mlptrain.commands.paths import NamedFile, require_separate_files
        from mlptrain.reporting.model_card import require_free_card
        from mlptrain.reporting.page import require_free_page

    if page is not None:
        require_free_page(page)
    if card is None:
        return
    if several:
        raise SpecError("--card: a card is of one model; name one MODEL")
    if card == STDOUT and page in (None, STDOUT):
        raise SpecError(f"--card -: {'--json' if page is None else '--out -'} writes to stdout already; name a file")
    if page is not None:
        require_separate_files(
            [NamedFile(path=page, role="where the page goes"), NamedFile(path=card, role="", option="--card")]
        )
    require_free_card(card)


def report_on_models(names: Sequence[str], data: str | None, options: "ReportOptions") -> "Report | ComparedReports":
    """The report of one model, or of several on the same rows."""
    with load_modules():
        from mlptrain.commands.report import report_and_compare_files, report_files

    return report_files(names[0], data, options) if len(names) == 1 else report_and_compare_files(names, data, options)


def show_report(found: "Report | ComparedReports", page: Path, *, as_json: bool) -> None:
    """Print the document or the page, or write the page and say where."""
    from mlptrain.reporting.json_document import format_json
    from mlptrain.reporting.page import publish_page, write_page
    from mlptrain.reporting.report_results import build_document

    if as_json:
        print(format_json(build_document(found)), file=prepare_stdout())
    elif page == STDOUT:
        print(write_page(found), file=prepare_stdout(), end="")
    else:
        publish_page(found, page)
        print(f"report: {page}", file=sys.stdout)


def show_card(found: "Report | ComparedReports", card: Path) -> None:
    """Print the card, or write it and say where."""
    from mlptrain.diagnostics.report import Report
    from mlptrain.reporting.model_card import publish_card, write_card

    assert isinstance(found, Report)
    if card == STDOUT:
        print(write_card(found), file=prepare_stdout(), end="")
    else:
        publish_card(found, card)
        print(f"card: {card}", file=sys.stdout)
