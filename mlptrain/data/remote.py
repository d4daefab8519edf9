"""Data files on other machines, read and never written: object stores by PyArrow, https by fsspec."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, BinaryIO
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from mlptrain.data.urls import find_url, keep_url
from mlptrain.errors import DataError, EnvironmentFailure, MissingFile, MlptrainError

SECONDS_TO_CONNECT = 10
SECONDS_TO_ANSWER = 30
BUFFER = 1 << 20
"""Bytes that are asked for at once."""
INSTALL = "pip install 'mlptrain[remote]'"
DENIED = re.compile("ACCESS_DENIED|403|401|Forbidden|Unauthorized|Permission|InvalidAccessKey|SIGNATURE|INVALID_ACCESS")
MISSING = re.compile("404|NO_SUCH_KEY|NO_SUCH_BUCKET|NOT_FOUND|RESOURCE_NOT_FOUND|Not Found")
MARKS = re.compile(r"[*?\[]")


def open_remote(name: str) -> BinaryIO:
    """The bytes of a remote file, read piece by piece."""
    with name_faults(name):
        return io.BufferedReader(RemoteBytes(name), BUFFER)


def find_remote_state(name: str) -> tuple[Any, Any]:
    """Size of a remote file and the mark of its version: the time of its last change, or its ETag."""
    url = find_url(name)
    with name_faults(name):
        if is_of_web(url):
            found = open_web().info(url)
            return found.get("size"), found.get("ETag") or found.get("Last-Modified")
        files, path = open_store(url)
        info = files.get_file_info(path)
        if not info.is_file:
            raise MissingFile(f"{name}: no such file{suggest_key(files, path)}")
        return info.size, info.mtime_ns


def match_remote_files(name: str) -> list[str]:
    """The remote files that a pattern (*, [a-z], ** for folders) matches; the name itself, where it is none."""
    if not MARKS.search(name):
        return [name]
    url = find_url(name)
    if is_of_web(url):
        raise DataError(f"{name}: a server of the web lists no files, so it takes no pattern; name the files")
    with name_faults(name):
        files, path = open_store(url)
        folder = path[: MARKS.search(path).start()].rpartition("/")[0]  # type: ignore[union-attr]
        keys = [info.path for info in list_folder(files, folder, recursive=path.count("/") > folder.count("/") + 1)]
    found = sorted(key for key in keys if matches_pattern(key, path))
    if not found:
        raise MissingFile(f"{name}: no file matches this pattern")
    return [keep_url(replace_key(url, folder, key)) for key in found]


def matches_pattern(key: str, pattern: str) -> bool:
    """Whether a key is one that a pattern means; a star ends at a slash, two of them do not.

    >>> matches_pattern("b/x/1.csv", "b/*.csv"), matches_pattern("b/x/1.csv", "b/*/1.csv")
    (False, True)
    >>> matches_pattern("b/x/1.csv", "b/**/*.csv"), matches_pattern("b/1.csv", "b/**/*.csv")
    (True, True)
    """
    return match_steps(key.split("/"), pattern.split("/"))


def match_steps(steps: list[str], wanted: list[str]) -> bool:
    """Whether the steps of a path match those of a pattern."""
    if not wanted:
        return not steps
    if wanted[0] == "**":
        return any(match_steps(steps[start:], wanted[1:]) for start in range(len(steps) + 1))
    return bool(steps) and fnmatchcase(steps[0], wanted[0]) and match_steps(steps[1:], wanted[1:])


def replace_key(url: str, folder: str, key: str) -> str:
    """The URL of a key in a folder, in place of that of the pattern that has matched it."""
    parts = urlsplit(url)
    start = MARKS.search(parts.path).start()  # type: ignore[union-attr]
    return parts._replace(path=parts.path[:start].rpartition("/")[0] + quote(key.removeprefix(folder))).geturl()


class RemoteBytes(io.RawIOBase):
    """The bytes of a remote file; of a server that sends no parts from first to last, begun anew to go back."""

    def __init__(self, name: str) -> None:
        self.name, self.at = name, 0
        self.stream, self.sends_parts = open_stream(name)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into a buffer."""
        with name_faults(self.name):
            piece = self.stream.read(len(buffer))
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, if need be from the start of the file."""
        with name_faults(self.name):
            if self.sends_parts:
                self.stream.seek(offset, whence)
                self.at = self.stream.tell()
            else:
                self.skip_to(offset + (self.at if whence == io.SEEK_CUR else 0), from_end=whence == io.SEEK_END)
        return self.at

    def skip_to(self, place: int, *, from_end: bool) -> None:
        """Read up to a place, from the start where it lies behind."""
        if from_end:
            raise DataError(f"{self.name}: the server sends no parts of a file, as this kind needs; fetch the file")
        if place < self.at:
            self.stream.close()
            (self.stream, _), self.at = open_stream(self.name), 0
        while self.at < place and (piece := self.stream.read(min(BUFFER, place - self.at))):
            self.at += len(piece)

    def close(self) -> None:
        """Close the connection."""
        if not self.closed:
            self.stream.close()
        super().close()


def open_stream(name: str) -> tuple[Any, bool]:
    """A stream of the library that reads this URL, and whether it can go to any place."""
    url = find_url(name)
    if is_of_web(url):
        web = open_web()
        sends_parts = bool(web.info(url).get("partial"))
        return web.open(url, "rb", block_size=BUFFER if sends_parts else 0), sends_parts
    files, path = open_store(url)
    info = files.get_file_info(path)
    if not info.is_file:
        raise MissingFile(f"{name}: no such file{suggest_key(files, path)}")
    return files.open_input_file(path), True


def is_of_web(url: str) -> bool:
    """Whether a URL is one of a server of the web."""
    return url.partition("://")[0].lower() in ("https", "http")


def open_web() -> Any:
    """The file system of the web, with time limits."""
    try:
        import aiohttp
        import fsspec
    except ImportError:
        raise EnvironmentFailure(f"files of https:// are read by fsspec and aiohttp: {INSTALL}") from None
    limits = aiohttp.ClientTimeout(total=None, connect=SECONDS_TO_CONNECT, sock_read=SECONDS_TO_ANSWER)
    return fsspec.filesystem("http", client_kwargs={"timeout": limits, "trust_env": True})


def open_store(url: str) -> tuple[Any, str]:
    """The file system of an object store, and the path in it."""
    try:
        from pyarrow import fs
    except ImportError:
        raise EnvironmentFailure(f"files of object stores are read by PyArrow: {INSTALL}") from None
    parts = urlsplit(url)
    if parts.scheme.lower() == "s3":
        return open_s3(fs, parts), f"{parts.netloc.rpartition('@')[2]}{unquote(parts.path)}"
    if parts.scheme.lower() == "gs":
        return open_gcs(fs, parts), f"{parts.netloc.rpartition('@')[2]}{unquote(parts.path)}"
    files, path = fs.FileSystem.from_uri(url)
    return files, str(path)


def read_options(parts: SplitResult) -> dict[str, str]:
    """What the query of a URL says of the store, one value a key."""
    return {key: values[-1] for key, values in parse_qs(parts.query).items()}


def open_s3(fs: Any, parts: SplitResult) -> Any:
    """Amazon's store or one that speaks as it does; keys are those of the URL, else of the environment."""
    given = read_options(parts)
    known: dict[str, str] = {key: given[key] for key in ("scheme", "endpoint_override") if key in given}
    region = given.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if parts.username and parts.password:
        known |= {"access_key": unquote(parts.username), "secret_key": unquote(parts.password)}
    return fs.S3FileSystem(
        **known,
        region=region,
        connect_timeout=SECONDS_TO_CONNECT,
        request_timeout=SECONDS_TO_ANSWER,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
    )


def open_gcs(fs: Any, parts: SplitResult) -> Any:
    """Google's store; credentials are those of the environment."""
    known = {key: value for key, value in read_options(parts).items() if key in ("scheme", "endpoint_override")}
    return fs.GcsFileSystem(
        anonymous=parts.username == "anonymous", retry_time_limit=timedelta(seconds=SECONDS_TO_ANSWER), **known
    )


def list_folder(files: Any, folder: str, *, recursive: bool) -> list[Any]:
    """The files in a folder of a store."""
    from pyarrow.fs import FileSelector

    return [info for info in files.get_file_info(FileSelector(folder, recursive=recursive)) if info.is_file]


def suggest_key(files: Any, path: str) -> str:
    """A hint for a message: the file of the same folder that was probably meant; empty where none is like it."""
    folder = path.rpartition("/")[0]
    try:
        names = [info.base_name for info in list_folder(files, folder, recursive=False)]
    except OSError:
        return ""
    close = get_close_matches(path.rpartition("/")[2], names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


@contextmanager
def name_faults(name: str) -> Iterator[None]:
    """Turn what the libraries raise into one sentence, which quotes nothing of theirs: it may hold the whole URL."""
    try:
        yield
    except MlptrainError:
        raise
    except FileNotFoundError as problem:  # of fsspec, whatever the fault is that its cause tells
        cause = problem.__cause__
        if isinstance(cause, Exception) and not isinstance(cause, FileNotFoundError):
            raise describe_fault(name, cause) from None
        raise MissingFile(f"{name}: no such file") from None
    except MemoryError:
        raise
    except Exception as problem:
        raise describe_fault(name, problem) from None


def describe_fault(name: str, problem: Exception) -> MlptrainError:
    """The error that a library's is: no such file, no right to it, or no server."""
    status, said = getattr(problem, "status", None), str(problem)
    if status in (404, 410) or (status is None and MISSING.search(said)):
        return MissingFile(f"{name}: no such file")
    if status in (401, 403) or isinstance(problem, PermissionError) or (status is None and DENIED.search(said)):
        return DataError(f"{name}: cannot be read: access is denied; set the keys of the store in the environment")
    code = re.search(r"AWS Error ([A-Z_]+)", said)
    what = f"{type(problem).__name__}{f' {code[1]}' if code else ''}{f' {status}' if status else ''}"
    cure = "look at the name, the network, and the region and address of the store"
    return EnvironmentFailure(f"{name}: the server cannot be reached, or does not answer ({what}); {cure}")
