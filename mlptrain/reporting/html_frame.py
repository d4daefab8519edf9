"""The picture of a run in a notebook: the table of epochs, the curves of the losses, and how the run stands."""

from mlptrain.reporting.digest import LAST
from mlptrain.reporting.frame import FINAL_ROWS, MOST_BEFORE, Frame
from mlptrain.reporting.html_parts import (
    Html,
    join_html,
    make_html_heading,
    make_html_paragraph,
    make_html_progress_bar,
    make_html_table,
)
from mlptrain.reporting.loss_chart import draw_loss_chart
from mlptrain.reporting.words import describe_gap, describe_start


def render_frame(frame: Frame, elapsed: float, *, live: bool) -> Html:
    """A run while it goes on, or after its end."""
    digest, started = frame.digest, frame.started
    before = frame.before[-MOST_BEFORE:] if live else frame.before
    parts = [*map(make_html_paragraph, before), make_html_heading(describe_start(started, frame.title))]
    if digest.last is not None:
        parts += [render_epochs(frame, live=live), draw_frame_losses(frame)]
        parts += [make_html_paragraph(describe_gap(started, digest.undefined).strip())] if digest.undefined else []
        parts += [make_html_paragraph(sentence) for sentence in frame.list_faults()]
    if live:
        parts.append(make_html_progress_bar(frame.share, "".join(frame.describe_progress(elapsed))))
    else:
        parts.append(make_html_paragraph(frame.describe_end(elapsed)))
    return join_html(part for part in parts if part)


def render_epochs(frame: Frame, *, live: bool) -> Html:
    """The epochs that the terminal's table has, the best one in bold."""
    columns = frame.list_columns()
    epochs = frame.digest.rows(FINAL_ROWS, last=LAST if live else 1)
    rows = [[f"{column.above} {column.label}".strip() for column in columns]]
    rows += [[column.text(epoch).strip() for column in columns] for epoch in epochs]
    strong = next((k for k, epoch in enumerate(epochs) if epoch.epoch == frame.best), None)
    return make_html_table(rows, strong=strong)


def draw_frame_losses(frame: Frame) -> Html:
    """The curves of a run; those of a run that is gone on with are of its earlier epochs as well."""
    first, last = frame.first, frame.digest.last
    if first is None or last is None:
        return Html("")
    return draw_loss_chart(frame.list_losses(), first=first, last=last.epoch, best=frame.best)


def write_frame(frame: Frame, elapsed: float, *, live: bool, height: int) -> str:
    """The same for who reads texts only: the lines of a terminal without its colours."""
    lines = frame.live(height, elapsed) if live else frame.final(height, elapsed)
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)
