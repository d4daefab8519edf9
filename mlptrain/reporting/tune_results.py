"""The result of `tune` as text or JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mlptrain.commands.tune import Setting, TuneResult, TuneTrial
from mlptrain.figures import format_figure
from mlptrain.reporting.bars import draw_bar
from mlptrain.reporting.fit_results import build_fit_document, format_fit_result
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows


def describe_trial(trial: TuneTrial) -> str:
    """One line for a trial that has ended."""
    value = "" if trial.value is None else f" {format_figure(trial.value)}"
    why = f" ({escape_text(trial.message, 100)})" if trial.message else ""
    state = "" if trial.state == "complete" else f" {trial.state}"
    return f"trial {trial.number}:{value}{state}{why}, {format_settings(trial.settings)}"


def format_settings(settings: Sequence[Setting]) -> str:
    """The settings of a trial in one line."""
    return ", ".join(f"{each.key}={format_value(each.value)}" for each in settings)


def format_value(value: Any) -> str:
    """A value as `--set` takes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(format_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {format_value(each)}' for key, each in value.items())}}}"
    return escape_text(str(value), 40)


def format_tune_result(result: TuneResult, terminal: Terminal = ANYWHERE) -> str:
    """The best trials, what mattered, and where spec and model are."""
    keys = [each.key for each in result.best[0].settings] if result.best else []
    rows = [["trial", f"validation {result.monitor}", *keys]]
    rows += [
        [str(each.number), format_figure(each.value), *(format_value(setting.value) for setting in each.settings)]
        for each in result.best
    ]
    lines = [align_rows(rows, terminal=terminal, left=0)] if result.best else ["no trial has come to its end yet"]
    if result.importance:
        lines += ["", "how much of the differences each key explains:"]
        bars = [[key, f"{share:.0%}", draw_bar(share)] for key, share in result.importance.items()]
        lines.append(align_rows(bars, terminal=terminal))
    states = [each.state for each in result.trials]
    counted = ", ".join(
        f"{states.count(state)} {state}" for state in ("complete", "pruned", "failed") if state in states
    )
    lines += ["", f"study: {escape_text(result.study)} ({len(states)} trials: {counted})"]
    if result.fit is not None:
        lines += [f"spec: {escape_text(result.spec)}", format_fit_result(result.fit, terminal)]
    return "\n".join(lines)


def build_tune_document(result: TuneResult) -> dict[str, Any]:
    """The same for programs."""
    return {
        "monitor": result.monitor,
        "study": result.study,
        "spec": result.spec,
        "trials": [build_trial_document(each) for each in result.trials],
        "best": [each.number for each in result.best],
        "importance": dict(result.importance),
        "notices": list(result.notices),
        "fit": None if result.fit is None else build_fit_document(result.fit),
    }


def build_trial_document(trial: TuneTrial) -> dict[str, Any]:
    """A trial for programs."""
    return asdict(trial) | {"settings": {each.key: each.value for each in trial.settings}}
