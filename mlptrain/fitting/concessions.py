"""What a recipe gives up within a time limit: the first of its concessions counts that leaves enough of its epochs.

A recipe says in its file what it may become; how long that takes here is found out by some steps of each network that
differs. What comes out is a draft like any other.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.engine.elementwise import NUMPY
from mlptrain.fitting.candidates import find_recipe_facts, list_spec_candidates
from mlptrain.fitting.checkpoint_file import Checkpoint
from mlptrain.fitting.host import Host
from mlptrain.fitting.time_limit import PLANNED, TRIAL, GivenUp, Pace, estimate_seconds, time_pace
from mlptrain.fitting.training import make_course
from mlptrain.fitting.trials import LEAST, PART, find_unfinished_candidate
from mlptrain.model.rows import Rows
from mlptrain.plain import to_plain
from mlptrain.preparation.material import TrainingData, make_training_data
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.preparation.shuffle_resolution import resolve_shuffle
from mlptrain.preparation.splits import Parts
from mlptrain.spec.durations import parse_duration
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import Draft
from mlptrain.spec.recipes import Concession

SHARE = 0.01
"""The part of the time that the steps of one network take at most."""


@dataclass(frozen=True, kw_only=True)
class Conceded:
    """A draft that fits into its time, and what was given up for that."""

    draft: Draft
    companion: Draft | None = None
    """The recipe whose networks have a share in the predictions, if any."""
    given_up: GivenUp | None = None


def choose_concession(
    draft: Draft, rows: Rows, folder: Path, unfinished: Checkpoint | None, host: Host, *, needs_folds: bool
) -> Conceded:
    """The draft with the first concession of its recipe that leaves enough epochs within the time limit.

    A fit that goes on has the one that it began with. With `needs_folds` none is taken that has no folds.
    """
    drafts = list(list_conceded_drafts(draft))
    if unfinished is not None:
        begun = (each for _, each in drafts if is_unfinished_draft(each.draft, rows, folder, unfinished))
        return next(begun, Conceded(draft=draft))
    if len(drafts) < 2 or draft.spec.training.time_limit is None:
        return Conceded(draft=draft)
    paces = Paces(rows, folder, host)
    needed, last = 0.0, Conceded(draft=draft)
    for concession, each in drafts:
        data = paces.make_data(each.draft)
        if needs_folds and data.spec.data.split.folds is None:
            continue
        pace, parts = paces.measure(data), divide_rows(data)
        needed = needed or estimate_seconds(data.spec, parts, pace)
        last = replace(each, given_up=describe_concession(draft, concession, needed))
        beside = 0.0 if each.companion is None else paces.estimate_whole(each.companion)
        if count_share_of_epochs(each.draft, data.spec, parts, pace, host, beside=beside) >= concession.epochs:
            break
    return last


def list_conceded_drafts(draft: Draft) -> Iterator[tuple[Concession, Conceded]]:
    """What a recipe may become, the least given up first; what is against the user's keys is left out.

    Nothing is given up where the networks start from weights, which fit one network alone.
    """
    if draft.recipe is None or draft.spec.start is not None:
        return
    for position, concession in enumerate(draft.recipe.concessions):
        conceded = draft if position == 0 else draft.concede(concession)
        companion = None if concession.companion is None else draft.concede(concession.companion)
        if conceded is not None and (companion is None) == (concession.companion is None):
            yield concession, Conceded(draft=conceded, companion=companion)


def is_unfinished_draft(draft: Draft, rows: Rows, folder: Path, unfinished: Checkpoint) -> bool:
    """Whether an unfinished fit is one of this draft."""
    return find_unfinished_candidate(list_spec_candidates(draft, rows, folder), unfinished) is not None


def describe_concession(draft: Draft, concession: Concession, needed: float) -> GivenUp | None:
    """What a concession gives up, in words; None for the recipe as it is."""
    assert draft.recipe is not None
    name, about = draft.recipe.name, concession.about
    if concession.recipe is not None:
        about = ": ".join(filter(None, [f"recipe {concession.recipe} in place of {name}", about]))
    return GivenUp(whole=f"recipe {name}", needed=needed, about=about) if about else None


def count_share_of_epochs(
    draft: Draft, spec: Spec, parts: Sequence[Parts], pace: Pace, host: Host, *, beside: float
) -> float:
    """The part of a draft's epochs that can be done until the host's end; trials, if it has any, take their part.

    `beside` are the seconds that its companions take.
    """
    left = PLANNED * (host.end - host.clock()) - beside - estimate_trial_seconds(draft, spec, parts, pace)
    whole = estimate_seconds(spec, parts, pace)
    preparing = estimate_seconds(replace(spec, training=replace(spec.training, epochs=0)), parts, pace)
    return 1.0 if whole <= left else max(left - preparing, 0.0) / (whole - preparing)


def estimate_trial_seconds(draft: Draft, spec: Spec, parts: Sequence[Parts], pace: Pace) -> float:
    """About how long the trials of a draft take; 0 where the time limit has no room for them."""
    assert draft.recipe is not None
    assert spec.training.time_limit is not None
    if (trial := draft.recipe.trial) is None:
        return 0.0
    size, rows = spec.training.batch_size, len(parts[0].train)
    step = pace.epoch / max(rows / (rows if size == "full" else size), 1.0)
    room, whole = PART * parse_duration(spec.training.time_limit), step * trial.steps * len(trial.choices)
    return min(whole, room) if whole * LEAST <= room else 0.0


class Paces:
    """How long the networks take here that a recipe may become; those that differ in their split alone are one."""

    def __init__(self, rows: Rows, folder: Path, host: Host) -> None:
        self.rows, self.folder, self.host = rows, folder, host
        self.data: dict[str, TrainingData] = {}
        self.paces: dict[str, tuple[Pace, int]] = {}

    def make_data(self, draft: Draft) -> TrainingData:
        """The rows as a draft's first choice understands them."""
        spec, _ = draft.complete_spec(find_recipe_facts(draft, self.rows))
        if (known := self.data.get(key := describe_network(spec))) is None:
            known = self.data[key] = resolve_shuffle(make_training_data(spec, self.rows, self.folder))
        return replace(known, spec=replace(spec, loss=known.spec.loss))

    def estimate_whole(self, draft: Draft) -> float:
        """About how long all trainings of a draft take, with all epochs."""
        data = self.make_data(draft)
        return estimate_seconds(data.spec, divide_rows(data), self.measure(data))

    def measure(self, data: TrainingData) -> Pace:
        """How long a training takes, by some steps; twice as many rows take twice as long."""
        parts, key = divide_rows(data)[0], describe_network(data.spec)
        if key not in self.paces:
            begun = self.host.clock()
            course = make_course(fit_and_encode_parts(data, parts))
            preparing = self.host.clock() - begun
            course.network.executor = NUMPY
            pace = time_pace(course, self.host, most=min(TRIAL, SHARE * (self.host.end - begun)))
            self.paces[key] = replace(pace, preparing=preparing), len(parts.train)
        pace, rows = self.paces[key]
        share = len(parts.train) / rows
        return replace(pace, preparing=pace.preparing * share, epoch=pace.epoch * share)


def describe_network(spec: Spec) -> str:
    """All of a spec but how rows are divided and for how long they are trained on."""
    plain = to_plain(spec)
    plain["data"].pop("split")
    for name in ("epochs", "time_limit", "refit"):
        plain["training"].pop(name)
    return json.dumps(plain | {"loss": None}, sort_keys=True)
