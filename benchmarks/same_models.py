"""Whether two versions of mlptrain train the same models, byte for byte.

    python benchmarks/same_models.py --old OLD/.venv/bin/python --new NEW/.venv/bin/python
    python benchmarks/same_models.py --old … --new … --seeds 1,2,3,4        # other specs
    python benchmarks/same_models.py --store tests/behaviour/same_losses.json  # the losses that the test compares

OLD and NEW are interpreters, each of an environment that has its version of mlptrain. Each trains the ten specs of
`ten_specs.py` through `mlptrain fit`, with one thread, and the model files are compared. A line a spec says that they
are the same, or names the first array that differs, and by how much. The exit code is 1 where one differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ten_specs import DRAWN_BY, fit_arguments, read_losses, write_specs

VERSION = """
import platform, subprocess, sys
from importlib.metadata import version
from importlib.util import find_spec
folder = find_spec("mlptrain").submodule_search_locations[0]
asked = subprocess.run(["git", "-C", folder, "describe", "--always", "--dirty"], capture_output=True, text=True)
print(f"mlptrain {version('mlptrain')} ({asked.stdout.strip() or 'no commit'}), "
      f"NumPy {version('numpy')}, Python {platform.python_version()}")
"""
"""What a version says of itself, without importing it."""


def main() -> None:
    """Compare, or store the losses of this version."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=Path, metavar="PYTHON", help="the interpreter of the old version")
    parser.add_argument("--new", type=Path, metavar="PYTHON", default=Path(sys.executable), help="by default this one")
    parser.add_argument("--seeds", type=numbers, default=[DRAWN_BY], metavar="1,2,…", help="draw other specs")
    parser.add_argument("--store", type=Path, metavar="FILE.json", help="store the losses of the new version")
    options = parser.parse_args()
    if (options.old is None) == (options.store is None):
        parser.error("either --old, to compare, or --store")
    if options.store:
        store_losses(options.new, options.store)
    else:
        sys.exit(not compare_versions(options.old, options.new, options.seeds))


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def compare_versions(old: Path, new: Path, seeds: list[int]) -> bool:
    """Print what is compared, then a line a spec; whether all models are the same."""
    print(f"old: {describe_version(old)}; new: {describe_version(new)}", flush=True)
    same = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            for spec in write_specs(Path(name), seed).values():
                models = [train(python, spec, Path(name) / side) for python, side in ((old, "old"), (new, "new"))]
                found = describe_difference(*models)
                same.append(found is None)
                print(f"{seed} {spec.stem}: {found or f'same ({models[0].stat().st_size:,} bytes)'}", flush=True)
    print(f"{sum(same)} of {len(same)} models are the same")
    return all(same)


def describe_version(python: Path) -> str:
    """What an interpreter says of the mlptrain that it has."""
    return run_apart(python, "-c", VERSION, folder=Path(tempfile.gettempdir())).strip()


def train(python: Path, spec: Path, folder: Path) -> Path:
    """Train a spec by the command; the path of its model."""
    folder.mkdir(exist_ok=True)
    out = folder / f"{spec.stem}.npz"
    run_apart(python, "-m", "mlptrain", *fit_arguments(spec, out), folder=folder)
    return out


def run_apart(python: Path, *arguments: str, folder: Path) -> str:
    """Run an interpreter where nothing but its own environment says what it imports; what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(python.absolute()), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")
    return done.stdout


# ── Differences ───────────────────────────────────────────────────────────────────────────────────────────────────────


def describe_difference(old: Path, new: Path) -> str | None:
    """The first array that differs between two models, and the largest difference; None where all bytes are equal."""
    if old.read_bytes() == new.read_bytes():
        return None
    with np.load(old) as a, np.load(new) as b:
        if a.files != b.files:
            names = [name for name in (*a.files, *b.files) if (name in a.files) != (name in b.files)]
            return f"other arrays: {', '.join(names) or 'in another order'}"
        differing = [name for name in a.files if a[name].tobytes() != b[name].tobytes()]
        others = [name for name in differing if name not in ("metadata", "sha256")]
        if others:
            return f"{others[0]} differs {how_much(a[others[0]], b[others[0]])}; {len(others)} arrays differ"
        if not differing:
            return "the arrays are the same, their types or the container are not"
        return f"metadata differ at {first_place(read_metadata(a), read_metadata(b))}"


def how_much(a: NDArray[Any], b: NDArray[Any]) -> str:
    """The largest difference of two arrays."""
    if a.shape != b.shape:
        return f"in shape, {a.shape} and {b.shape}"
    return f"by at most {np.nanmax(np.abs(a.astype(float) - b.astype(float))):.3g}"


def read_metadata(arrays: Any) -> Any:
    return json.loads(arrays["metadata"].tobytes())


def first_place(a: Any, b: Any) -> str:
    """The first place where two JSON values differ, and both values."""
    return next(differing_places(a, b, ""), "no value, only in how it is written")


def differing_places(a: Any, b: Any, place: str) -> Iterator[str]:
    """Every place where two JSON values differ."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key in a:
            yield from differing_places(a[key], b[key], f"{place}.{key}" if place else key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for position, pair in enumerate(zip(a, b, strict=True)):
            yield from differing_places(*pair, f"{place}[{position}]")
    elif a != b:
        yield f"{place}: {json.dumps(a)[:60]} and {json.dumps(b)[:60]}"


# ── Losses ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def store_losses(python: Path, path: Path) -> None:
    """Train the specs and write the losses of their histories, by name, as JSON of a line an epoch."""
    with tempfile.TemporaryDirectory() as name:
        losses = {}
        for spec in write_specs(Path(name)).values():
            model = train(python, spec, Path(name) / "stored")
            losses[spec.stem] = read_losses(model.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines())
    blocks = [
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, epochs)) + "\n]" for name, epochs in losses.items()
    ]
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
