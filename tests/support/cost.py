"""What it costs to open some model files: `python cost.py FILE…`, one line of JSON for each.

Each is opened in a process of its own, a fork of one that has opened a model before, so that the memory of the
libraries does not count.
"""

import json
import os
import resource
import sys
from pathlib import Path

from mlptrain.errors import ModelFileError
from mlptrain.model.model import Model


def opened(path: Path) -> str:
    """The refusal of a file; empty if it is a model."""
    try:
        Model.load(path)
    except ModelFileError as problem:
        return str(problem)
    return ""


def peak() -> int:
    """The most memory that this process had, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def cost(path: Path) -> dict[str, object]:
    """Memory and processor seconds to open a file, and how it ended."""
    before = peak()
    said = opened(path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"memory": peak() - before, "seconds": used.ru_utime + used.ru_stime, "said": said}


def main() -> None:
    """Open a model for practice, then each file in a fork."""
    opened(Path(sys.argv[1]))
    for name in sys.argv[2:]:
        process = os.fork()
        if not process:
            print(json.dumps(cost(Path(name))), flush=True)
            os._exit(0)
        os.waitpid(process, 0)


if __name__ == "__main__":
    main()
