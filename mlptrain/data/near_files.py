"""Which file was probably meant by a name that is not there: one of its kind, of the same name or a near one."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path


def suggest_file(missing: Path, ends: Sequence[str]) -> str:
    """A hint for a message: which file was meant, or where none is. Only files of these ends are proposed."""
    folder = missing.parent
    gone = "" if folder.is_dir() else f"; the folder {folder} does not exist"
    found = (
        find_same_name(missing) or (None if gone else find_near_name(missing, ends)) or find_longer_name(missing, ends)
    )
    if found is not None:
        return f"{gone}; did you mean {str(found)!r}?"
    if gone:
        return f"{gone}: make it and put {missing.name} there, or name the file where it is"
    return f"; no file of a like name is in {'this folder' if folder == Path() else f'the folder {folder}'}"


def find_longer_name(missing: Path, ends: Sequence[str]) -> Path | None:
    """The file of a name without an end that has one of the ends, in a folder near."""
    if missing.suffix or not missing.name:
        return None
    found = (find_same_name(missing.with_name(missing.name + end)) for end in ends if end)
    return next((path for path in found if path is not None), None)


def find_same_name(missing: Path) -> Path | None:
    """The file of this name in a folder near; never above the working directory, or above a folder named in full."""
    for folder in list_folders_above(missing):
        for near in (folder, *list_subfolders(folder)):
            if (near / missing.name).is_file():
                return near / missing.name
    return None


def list_folders_above(missing: Path) -> Iterator[Path]:
    """The folders of a path that are there, from the innermost: of a path from the root, that of the file alone."""
    folders = missing.parents[:1] if missing.is_absolute() or ".." in missing.parts else missing.parents
    return (folder for folder in folders if folder.is_dir())


def list_subfolders(folder: Path) -> list[Path]:
    """The folders in a folder that are not hidden, by name; none where it cannot be read."""
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError:
        return []


def find_near_name(missing: Path, ends: Sequence[str]) -> Path | None:
    """The file of the same folder whose name, without its end, is nearest; of several, one with the same end."""
    wanted = {*ends, missing.suffix.lower()} if missing.suffix else {*ends}
    try:
        near = sorted(each for each in missing.parent.iterdir() if each.suffix.lower() in wanted and each.is_file())
    except OSError:
        return None
    near.sort(key=lambda each: each.suffix != missing.suffix)
    stems = [strip_ends(each.name) for each in near]
    close = get_close_matches(strip_ends(missing.name), stems, n=1, cutoff=0.6)
    return near[stems.index(close[0])] if close else None


def strip_ends(name: str) -> str:
    """A name without what says its kind, in small letters.

    >>> strip_ends("Iris.csv.gz"), strip_ends("net_v0.5.yaml")
    ('iris', 'net_v0.5')
    """
    return Path(name.lower().removesuffix(".gz")).stem
