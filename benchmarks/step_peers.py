"""How each library makes the training steps of a work, in a process of its own.

`python benchmarks/step_peers.py PEER` serves orders that are lines of JSON on the standard streams, and answers seconds
of processor time: so `pairs.py` asks two versions, each by its own script.

Libraries are imported inside the functions: each process loads one only, and mlptrain's does before NumPy is loaded
what its command line does then. The other libraries run as their users run them.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mlptrain.machine import count_usable_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

    def data(self) -> "tuple[NDArray[Any], NDArray[Any]]":
        """x (batches, B, I) and codes of classes (batches, B): several batches, so that caches are not too warm."""
        import numpy as np

        draw = np.random.default_rng(0)
        x = draw.standard_normal((self.batches, self.batch, self.widths[0]), np.float32)
        y = draw.integers(0, self.widths[-1], (self.batches, self.batch))
        y[:, : self.widths[-1]] = np.arange(self.widths[-1])[: self.batch]  # every class in every batch
        return x, y


class NoEquivalentError(Exception):
    """The library cannot do this work."""


# ── mlptrain, and the limit of its matrix products ────────────────────────────────────────────────────────────────────


@contextmanager
def mlptrain(work: Work, *, compiled: bool = False) -> Iterator[Step]:
    """The engine, as the training loop drives it, with the threads that the commands choose."""
    import numpy as np

    from mlptrain.engine import activations, optimizers
    from mlptrain.engine.dropout import Dropout
    from mlptrain.engine.layer import Layer
    from mlptrain.engine.layers import Dense
    from mlptrain.engine.losses import CrossEntropy
    from mlptrain.engine.network import Network
    from mlptrain.engine.penalties import Penalty, bound_unit_norms
    from mlptrain.engine.units import Activate
    from mlptrain.model.products import limit_threads
    from mlptrain.randomness import stream

    functions: dict[str, activations.Activation] = {"relu": activations.ReLU(), "tanh": activations.Tanh()}
    layers: list[tuple[str, Layer]] = []
    for number, units in enumerate(work.widths[1:-1], start=1):
        layers.append((f"hidden_{number}", Dense(units=units)))
        layers.append((f"hidden_{number}.activation", Activate(activation=functions[work.activation])))
        if work.dropout:
            layers.append((f"hidden_{number}.dropout", Dropout(rate=work.dropout)))
    layers.append(("output", Dense(units=work.widths[-1])))
    network = Network(layers, work.widths[0], np.dtype("float32"))
    network.parameters.initialize(1)
    if compiled:  # ── THE EXECUTOR: the only difference between the two columns of mlptrain ──
        from mlptrain.engine.compiled import NumbaExecutor

        network.executor = NumbaExecutor()
    known: dict[str, optimizers.Elementwise] = {"sgd": optimizers.SGD(), "adam": optimizers.Adam()}
    optimizer = known[work.optimizer]
    slots = optimizer.init(network.parameters.theta.size, network.dtype)
    loss, penalty, lr = CrossEntropy(), Penalty(), work.learning_rate
    x, y = work.data()

    def one(t: int) -> None:
        noise = [stream(1, "dropout", t)] if work.dropout else ()
        run = network.begin(work.batch, train=True, noise=noise)
        batch = t % work.batches
        network.objective(x[batch], y[batch], None, loss=loss, penalty=penalty, run=run)
        optimizer.step(network.parameters, slots, lr=lr, t=t + 1, executor=network.executor)
        bound_unit_norms(network.parameters)

    with limit_threads(network, work.batch, None):
        yield one


def mlptrain_fast(work: Work) -> AbstractContextManager[Step]:
    """The same with compiled kernels."""
    return mlptrain(work, compiled=True)


def products(work: Work) -> Step:
    """The matrix products of a step and nothing else, with all cores: what no step by NumPy can be faster than.

    Forward y = x W for each layer; backward dW = xᵀ dy for each, dx = dy Wᵀ for all but the first.
    """
    import numpy as np

    draw, rows = np.random.default_rng(1), work.batch
    x, _ = work.data()
    W = [draw.standard_normal(pair, np.float32) / np.float32(pair[0] ** 0.5) for pair in pairwise(work.widths)]
    y = [np.empty((rows, units), np.float32) for units in work.widths[1:]]
    dy = [draw.standard_normal((rows, units), np.float32) for units in work.widths[1:]]
    dW, dx = [np.empty_like(each) for each in W], [np.empty((rows, each.shape[0]), np.float32) for each in W]

    def one(t: int) -> None:
        inputs = [x[t % work.batches], *y]
        for k in range(len(W)):
            np.matmul(inputs[k], W[k], out=y[k])
        for k in reversed(range(len(W))):
            np.matmul(inputs[k].T, dy[k], out=dW[k])
            if k:
                np.matmul(dy[k], W[k].T, out=dx[k])

    return one


def like_the_command() -> None:
    """What the command line does before NumPy is loaded: it says how many threads BLAS starts."""
    from mlptrain.cli.options import set_blas_threads

    if "numpy" in sys.modules:
        raise RuntimeError("NumPy is loaded already, and what the command line does before can no longer be done")
    set_blas_threads(None)


# ── The peers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def torch(work: Work) -> Step:
    """PyTorch eager, fused optimizer."""
    import torch as library
    from torch import nn

    library.set_num_threads(count_usable_cores())
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
    import numpy as np
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


def plain(make: Callable[[Work], Step]) -> Callable[[Work], AbstractContextManager[Step]]:
    """Steps that leave nothing to be put back after a work."""
    return lambda work: nullcontext(make(work))


def as_users_do() -> None:
    """Nothing comes before the import of the library."""


@dataclass(frozen=True)
class Peer:
    """How a library makes the steps of a work, its name in the table, what its process does first, and whether it
    runs `work.scan` steps at a time.
    """

    make: Callable[[Work], AbstractContextManager[Step]]
    title: str
    first: Callable[[], None] = as_users_do
    scans: bool = False


OWN = {
    "mlptrain": Peer(mlptrain, "mlptrain", like_the_command),
    "fast": Peer(mlptrain_fast, "mlptrain[fast]", like_the_command),
    "products": Peer(plain(products), "products only", like_the_command),
}
PEERS = {
    "torch": Peer(plain(torch), "PyTorch eager"),
    "jax": Peer(plain(jax), "JAX scan", scans=True),
    "sklearn": Peer(plain(sklearn), "scikit-learn"),
    "keras": Peer(plain(keras), "Keras"),
}
ALL = OWN | PEERS


class Orders(Protocol):
    """Where orders come from and answers go; `multiprocessing`'s connections are such."""

    def recv(self) -> Any: ...

    def send(self, answer: float | str, /) -> None: ...


class Lines:
    """Orders and answers as lines of JSON: a Work as a map of its fields, a count of steps, `null` at the end."""

    def recv(self) -> Any:
        order = json.loads(sys.stdin.readline() or "null")
        return Work(**order | {"widths": tuple(order["widths"])}) if isinstance(order, dict) else order

    def send(self, answer: float | str, /) -> None:
        print(json.dumps(answer), flush=True)


def serve(peer: str, orders: Orders, *, clock: Callable[[], float] = time.perf_counter) -> None:
    """A library's process: it is sent a Work to prepare or a count of steps to run; it answers seconds, or why not."""
    ALL[peer].first()
    step: Step | None = None
    done = 0
    with ExitStack() as of_work:
        while (order := orders.recv()) is not None:
            start = clock()
            try:
                if isinstance(order, Work):
                    of_work.close()
                    step, done = of_work.enter_context(ALL[peer].make(order)), 0
                elif step:
                    for t in range(done, done := done + order):
                        step(t)
                orders.send(clock() - start)
            except (ImportError, NoEquivalentError) as problem:
                orders.send(str(problem))


if __name__ == "__main__":
    serve(sys.argv[1], Lines(), clock=time.process_time)
