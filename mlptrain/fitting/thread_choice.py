"""How many threads a fit within a time limit has: one, where several are hardly faster."""

from dataclasses import replace
from pathlib import Path

from mlptrain.engine.elementwise import NUMPY
from mlptrain.fitting.candidates import list_spec_candidates
from mlptrain.fitting.checkpoint_file import Checkpoint
from mlptrain.fitting.host import Host
from mlptrain.fitting.time_limit import TRIAL, time_pace
from mlptrain.fitting.training import make_course
from mlptrain.model.products import are_products_small, count_product_threads
from mlptrain.model.rows import Rows
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.file import Draft
from mlptrain.training.course import Course

SHARE = 0.01
"""The part of the time that the steps with each number of threads take at most."""
WORTH = 1.1
"""How much faster several threads must be: they wait for each other where other programs use the cores, and such a
machine makes products several times slower than one thread does them."""


def choose_threads(draft: Draft, rows: Rows, folder: Path, unfinished: Checkpoint | None, host: Host) -> Host:
    """The host with the threads that the products of a fit within a time limit have.

    A number that the user asked for stands; a fit that goes on has those that it began with, as its last bits need.
    """
    if draft.spec.training.time_limit is None or host.threads is not None:
        return host
    if unfinished is not None:
        return replace(host, threads=unfinished.threads)
    if (count_product_threads() or 1) == 1:  # or the library does not say, and cannot be told
        return host
    data = list_spec_candidates(draft, rows, folder)[0].data
    course = make_course(fit_and_encode_parts(data, divide_rows(data)[0]))
    if are_products_small(course.network, course.batch_size) or not is_one_thread_enough(course, host):
        return host
    host.notice(f"time_limit: one thread, which is about as fast as {count_product_threads()} on this machine now")
    return replace(host, threads=1)


def is_one_thread_enough(course: Course, host: Host) -> bool:
    """Whether all threads are not clearly faster than one, by some steps; the course is spent."""
    course.network.executor = NUMPY
    most = min(TRIAL, SHARE * (host.end - host.clock()))
    one, all_threads = (time_pace(course, replace(host, threads=threads), most=most).epoch for threads in (1, None))
    return one <= WORTH * all_threads
