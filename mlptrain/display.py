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
