"""How results show themselves in notebooks: by a renderer that stands above the rooms of the results."""

TYPE_CHECKING = False  # what only types need is not loaded: `import mlptrain` is to take next to no time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


class Displayable:
    """A result that a notebook shows as HTML.

    `mlptrain/__init__.py` says who renders it; that is loaded when a notebook asks.
    """

    _renderer: "ClassVar[Callable[[Any], str]]"

    def _repr_html_(self) -> str:
        """The result as HTML."""
        return type(self)._renderer(self)


class Exportable(Displayable):
    """A result that can also be written as a page of its own; `mlptrain/__init__.py` says who does that."""

    _exporter: "ClassVar[Callable[[Any, Any], None]]"

    def write_html(self, path: "Any") -> None:
        """Write the page that `mlptrain report` writes: one file without scripts, whole or not there.

        What stands at `path` is replaced if it is such a page; another file is a SpecError.
        """
        type(self)._exporter(self, path)
