"""One training step, mlptrain beside its peers: µs per step, interleaved in one run, as a Markdown table.

    pip install -e .[bench]
    python benchmarks/step.py                                          # everything, about ten minutes
    python benchmarks/step.py --quick --works small,tabular --peers torch,sklearn --out step.md

Every library lives in a process of its own, so that no thread pool disturbs another, and is asked in turn for a short
burst of steps: A B C, A B C … A ratio is taken within each round, and the table gives its median and quartiles, so
that a machine that is slow for a while slows all alike. Same batches, float32, all cores, no mixed precision.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Step = Callable[[int], object]
"""Runs the step number t, 0, 1, 2 … on batch t modulo their number."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A network of dense layers with softmax cross-entropy, and how it is trained."""

    name: str
    batch: int
    widths: tuple[int, ...]
    optimizer: Literal["sgd", "adam"]
    activation: Literal["relu", "tanh"] = "relu"
    dropout: float = 0.0
    batches: int = 16
    scan: int = 64

    def __str__(self) -> str:
        extra = f", dropout {self.dropout}" if self.dropout else ""
        return f"{self.name}: {self.batch} rows, {'-'.join(map(str, self.widths))}, {self.optimizer}{extra}"

    @property
    def learning_rate(self) -> float:
        return {"sgd": 0.01, "adam": 0.001}[self.optimizer]

    def data(self) -> tuple[Array, Array]:
        """x (batches, B, I) and codes of classes (batches, B): several batches, so that caches are not too warm."""
        draw = np.random.default_rng(0)
        x = draw.standard_normal((self.batches, self.batch, self.widths[0]), np.float32)
        y = draw.integers(0, self.widths[-1], (self.batches, self.batch))
        y[:, : self.widths[-1]] = np.arange(self.widths[-1])[: self.batch]  # every class in every batch
        return x, y


WORKS = [
    Work(name="tiny", batch=4, widths=(2, 8, 2), optimizer="sgd", activation="tanh", scan=512),
    Work(name="small", batch=32, widths=(20, 64, 64, 3), optimizer="adam", scan=512),
    Work(name="mnist_sgd", batch=128, widths=(784, 512, 256, 10), optimizer="sgd", scan=16),
    Work(name="mnist_adam", batch=128, widths=(784, 512, 256, 10), optimizer="adam", scan=16),
    Work(name="dropout", batch=128, widths=(784, 1024, 1024, 1024, 10), optimizer="adam", dropout=0.5, scan=4),
    Work(name="tabular", batch=256, widths=(100, 256, 256, 256, 2), optimizer="adam", dropout=0.1, scan=16),
    Work(name="large", batch=1024, widths=(1024, 2048, 2048, 2048, 10), optimizer="adam", batches=4, scan=1),
]


class NoEquivalentError(Exception):
    """The library cannot do this work."""


# ── The peers: each makes the steps of a work; imports inside, for the process it runs in ─────────────────────────────


def mlptrain(work: Work) -> Step:
    """The engine, as the training loop drives it."""
    from mlptrain.engine import activations, optimizers
    from mlptrain.engine.layers import Activate, Dense, Dropout, Layer
    from mlptrain.engine.losses import CrossEntropy
    from mlptrain.engine.network import Network
    from mlptrain.engine.penalties import Penalty, bound_unit_norms
    from mlptrain.randomness import stream

    function: activations.Activation = {"relu": activations.ReLU(), "tanh": activations.Tanh()}[work.activation]
    layers: list[tuple[str, Layer]] = []
    for number, units in enumerate(work.widths[1:-1], start=1):
        layers.append((f"hidden_{number}", Dense(units=units)))
        layers.append((f"hidden_{number}.activation", Activate(activation=function)))
        if work.dropout:
            layers.append((f"hidden_{number}.dropout", Dropout(rate=work.dropout)))
    layers.append(("output", Dense(units=work.widths[-1])))
    network = Network(layers, work.widths[0], np.dtype("float32"))
    network.parameters.initialize(1)
    optimizer: optimizers.Elementwise = {"sgd": optimizers.SGD(), "adam": optimizers.Adam()}[work.optimizer]
    slots = optimizer.init(network.parameters.theta.size, network.dtype)
    loss, penalty, lr = CrossEntropy(), Penalty(), work.learning_rate
    x, y = work.data()

    def one(t: int) -> None:
        noise = stream(1, "dropout", t) if work.dropout else None
        run = network.begin(work.batch, train=True, noise=noise)
        batch = t % work.batches
        network.objective(x[batch], y[batch], None, loss=loss, penalty=penalty, run=run)
        optimizers.step(optimizer, network.parameters, slots, lr=lr, t=t + 1)
        bound_unit_norms(network.parameters)

    return one


def torch(work: Work) -> Step:
    """PyTorch eager, fused optimizer."""
    import torch as library
    from torch import nn

    library.set_num_threads(os.cpu_count() or 1)
    modules: list[nn.Module] = []
    for inputs, units in pairwise(work.widths):
        modules += [nn.Linear(inputs, units), {"relu": nn.ReLU, "tanh": nn.Tanh}[work.activation]()]
        modules += [nn.Dropout(work.dropout)] if work.dropout else []
    model = nn.Sequential(*modules[: -2 if work.dropout else -1]).train()
    make = {"sgd": library.optim.SGD, "adam": library.optim.Adam}[work.optimizer]
    optimizer = make(model.parameters(), lr=work.learning_rate, fused=True)
    loss = nn.CrossEntropyLoss()
    x, y = map(library.from_numpy, work.data())

    def one(t: int) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(model(x[t % work.batches]), y[t % work.batches]).backward()
        optimizer.step()

    return one


def jax(work: Work) -> Step:
    """JAX: `work.scan` steps compiled into one `lax.scan`, Adam written out, donated buffers."""
    import jax as library
    import jax.numpy as jnp

    function = {"relu": library.nn.relu, "tanh": jnp.tanh}[work.activation]
    keys = library.random.split(library.random.key(0), len(work.widths))
    glorot = library.nn.initializers.glorot_uniform()
    theta = [(glorot(key, pair, jnp.float32), jnp.zeros(pair[1])) for key, pair in zip(keys, pairwise(work.widths))]  # noqa: B905
    x, y = map(jnp.asarray, work.data())

    def objective(theta: Any, t: Any, key: Any) -> Any:
        values, targets = x[t % work.batches], y[t % work.batches]
        for W, b in theta[:-1]:
            values = function(values @ W + b)
            if work.dropout:
                key, mask = library.random.split(key)
                values = values * library.random.bernoulli(mask, 1 - work.dropout, values.shape) / (1 - work.dropout)
        logits = values @ theta[-1][0] + theta[-1][1]
        return -jnp.take_along_axis(library.nn.log_softmax(logits), targets[:, None], axis=1).mean()

    def adam(p: Any, g: Any, m: Any, v: Any, t: Any) -> tuple[Any, Any, Any]:
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 0.001 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    def update(state: Any, _: Any) -> tuple[Any, Any]:
        theta, m, v, t = state
        value, g = library.value_and_grad(objective)(theta, t, library.random.fold_in(library.random.key(1), t))
        if work.optimizer == "sgd":
            return (library.tree.map(lambda p, g: p - 0.01 * g, theta, g), m, v, t + 1), value
        new = library.tree.map(lambda *each: adam(*each, t + 1), theta, g, m, v)
        return (*library.tree.transpose(library.tree.structure(theta), None, new), t + 1), value

    many = library.jit(lambda state: library.lax.scan(update, state, None, work.scan), donate_argnums=0)
    zeros = [library.tree.map(jnp.zeros_like, theta) for _ in range(2)] if work.optimizer == "adam" else [None, None]
    state = (theta, *zeros, jnp.zeros((), jnp.int32))

    def one(t: int) -> None:
        nonlocal state
        if t % work.scan == 0:
            state, _losses = many(state)
            library.block_until_ready(state)

    return one


def sklearn(work: Work) -> Step:
    """scikit-learn: `partial_fit` of one batch. With two classes it has one output, not two."""
    from sklearn.neural_network import MLPClassifier

    if work.dropout:
        raise NoEquivalentError("has no dropout")
    model = MLPClassifier(
        hidden_layer_sizes=work.widths[1:-1],
        activation=work.activation,
        solver=work.optimizer,
        alpha=0.0,
        batch_size=work.batch,
        learning_rate_init=work.learning_rate,
        momentum=0.0,
        shuffle=False,
    )
    x, y = work.data()
    model.partial_fit(x[0], y[0], classes=np.arange(work.widths[-1]))
    return lambda t: model.partial_fit(x[t % work.batches], y[t % work.batches])


def keras(work: Work) -> Step:
    """Keras: compiled `train_on_batch`."""
    import keras as library

    stack: list[Any] = [library.layers.Input((work.widths[0],))]
    for units in work.widths[1:-1]:
        stack.append(library.layers.Dense(units, work.activation))
        stack += [library.layers.Dropout(work.dropout)] if work.dropout else []
    model = library.Sequential([*stack, library.layers.Dense(work.widths[-1])])
    optimizer = {"sgd": library.optimizers.SGD, "adam": library.optimizers.Adam}[work.optimizer](work.learning_rate)
    model.compile(optimizer, library.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = work.data()
    return lambda t: model.train_on_batch(x[t % work.batches], y[t % work.batches])


@dataclass(frozen=True)
class Peer:
    """How a library makes the steps of a work, its name in the table, and its package."""

    make: Callable[[Work], Step]
    title: str
    package: str


PEERS = {
    "torch": Peer(torch, "PyTorch eager", "torch"),
    "jax": Peer(jax, "JAX scan", "jax"),
    "sklearn": Peer(sklearn, "scikit-learn", "scikit-learn"),
    "keras": Peer(keras, "Keras", "keras"),
}
ALL = {"mlptrain": Peer(mlptrain, "mlptrain", "mlptrain"), **PEERS}

# ── Measuring ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def serve(peer: str, connection: Connection) -> None:
    """A library's process: it is sent a Work to prepare or a count of steps to run; it answers seconds, or why not."""
    step: Step | None = None
    done = 0
    while (order := connection.recv()) is not None:
        start = time.perf_counter()
        try:
            if isinstance(order, Work):
                step, done = ALL[peer].make(order), 0
            elif step:
                for t in range(done, done := done + order):
                    step(t)
            connection.send(time.perf_counter() - start)
        except (ImportError, NoEquivalentError) as problem:
            connection.send(str(problem))


def measure(work: Work, workers: dict[str, Connection], *, repeats: int, burst: float) -> dict[str, list[float] | str]:
    """Seconds per step of each round, by peer; or why there are none."""
    answers: dict[str, float | str] = {peer: ask(connection, work) for peer, connection in workers.items()}
    results: dict[str, list[float] | str] = {p: a if isinstance(a, str) else [] for p, a in answers.items()}
    counts = {peer: work.scan for peer, result in results.items() if not isinstance(result, str)}
    for peer in counts:
        for _ in range(3):  # the first runs may still compile
            seconds = float(ask(workers[peer], counts[peer])) / counts[peer]
            counts[peer] = max(round(burst / seconds / work.scan), 1) * work.scan
    for _ in range(repeats):
        for peer, count in counts.items():
            time.sleep(0.1)  # idle BLAS threads spin for 26 ms before they sleep, and would take a core from the next
            ask(workers[peer], work.scan)
            series = results[peer]
            assert isinstance(series, list)
            series.append(float(ask(workers[peer], count)) / count)
    return results


def ask(connection: Connection, order: Work | int) -> float | str:
    connection.send(order)
    return connection.recv()


def cell(ours: list[float], theirs: list[float] | str) -> str:
    """µs per step (median ratio, quartiles): above 1 mlptrain is faster."""
    if isinstance(theirs, str):
        return theirs
    low, middle, high = statistics.quantiles([b / a for a, b in zip(ours, theirs, strict=True)], n=4)
    return f"{1e6 * statistics.median(theirs):.0f} ({middle:.2f}×, {low:.2f}–{high:.2f})"


def table(results: dict[Work, dict[str, list[float] | str]], peers: list[str]) -> Iterator[str]:
    yield row("work", "mlptrain, µs", *(ALL[peer].title for peer in peers))
    yield row(*["---"] * (len(peers) + 2))
    ratios: dict[str, list[float]] = {peer: [] for peer in peers}
    for work, of_peer in results.items():
        ours = of_peer["mlptrain"]
        assert isinstance(ours, list)
        yield row(str(work), f"{1e6 * statistics.median(ours):.0f}", *(cell(ours, of_peer[peer]) for peer in peers))
        for peer in peers:
            theirs = of_peer[peer]
            if isinstance(theirs, list):
                ratios[peer].append(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)))
    yield row(
        "geometric mean of the ratios", "", *(f"{statistics.geometric_mean(each):.2f}×" for each in ratios.values())
    )


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def machine(peers: list[str], left_out: dict[str, str], options: argparse.Namespace) -> Iterator[str]:
    """Where, when and with what the table was made."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.processor())
    packages = ["numpy", *(ALL[peer].package for peer in ("mlptrain", *peers))]
    threads = os.environ.get("OPENBLAS_NUM_THREADS", f"{os.cpu_count()}")
    yield f"{datetime.now(UTC):%Y-%m-%d}, {model}, {os.cpu_count()} cores, {threads} threads, {options.load}. "
    yield f"Python {platform.python_version()}, {', '.join(map(installed, packages))}. "
    if "keras" in peers:
        yield f"Keras on {os.environ['KERAS_BACKEND']}. "
    yield f"{options.repeats} interleaved rounds of {options.burst:g} s each."
    for peer, reason in left_out.items():
        yield f" Left out: {peer} ({reason})."


def installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} (not installed: working tree)"


def chosen(text: str, known: list[str]) -> list[str]:
    names = text.split(",") if text else []
    if unknown := set(names) - set(known):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    works = [work.name for work in WORKS]
    parser.add_argument("--works", type=lambda text: chosen(text, works), default=works, help=",".join(works))
    parser.add_argument("--peers", type=lambda text: chosen(text, list(PEERS)), default=list(PEERS))
    parser.add_argument("--repeats", type=int, help="rounds (31; quick: 9)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    options.repeats = max(options.repeats or (9 if options.quick else 31), 2)
    options.load = (
        f"load {os.getloadavg()[0]:.1f} before (a quiet machine has 0.0)" if hasattr(os, "getloadavg") else ""
    )
    options.burst = 0.1 if options.quick else 0.3
    os.environ.setdefault("KERAS_BACKEND", "jax")

    context = get_context("spawn")
    workers: dict[str, Connection] = {}
    for peer in ("mlptrain", *options.peers):
        workers[peer], other = context.Pipe()
        context.Process(target=serve, args=(peer, other), daemon=True).start()
    results = {}
    for work in WORKS:
        if work.name in options.works:
            results[work] = measure(work, workers, repeats=options.repeats, burst=options.burst)
            print(f"{work.name}: done", file=sys.stderr)
    for connection in workers.values():
        connection.send(None)
    present = [peer for peer in options.peers if any(isinstance(each[peer], list) for each in results.values())]
    left_out = {peer: str(next(iter(results.values()))[peer]) for peer in options.peers if peer not in present}
    text = "\n".join([*table(results, present), "", "".join(machine(present, left_out, options))])
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
