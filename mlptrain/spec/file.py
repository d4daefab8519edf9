"""A spec file, with overrides, to a Spec; or every problem at once."""

from collections.abc import Sequence

from pydantic import ValidationError

from mlptrain.errors import SpecError
from mlptrain.spec.fields import Spec
from mlptrain.spec.forms import expand
from mlptrain.spec.problems import problem
from mlptrain.spec.rules import contradictions
from mlptrain.spec.schema import validator
from mlptrain.spec.yaml_text import Document, apply_override, compose, read_text


def load_spec(path: str, overrides: Sequence[str] = (), text: str | None = None) -> tuple[Spec, list[str]]:
    """The spec in a file, with `KEY=VALUE` overrides, and notices of what was read under another name.

    All problems are in one SpecError.
    """
    document = compose(read_text(path) if text is None else text, path)
    expand(document)
    for override in overrides:
        apply_override(document, override)
        expand(document)
    return validated(document), document.notices


def validated(document: Document) -> Spec:
    """The Spec of a document in its long form; every problem in one error."""
    try:
        spec: Spec = validator().validate_python(document.tree)
    except ValidationError as found:
        problems = [problem(document, error) for error in found.errors(include_url=False)]
        raise SpecError(*dict.fromkeys(said for _, said in sorted(problems))) from None
    if found_together := sorted(contradictions(spec), key=lambda found: document.nearest(found[0]).line):
        raise SpecError(*(f"{document.place(path)}: {'.'.join(path)}: {said}" for path, said in found_together))
    return spec
