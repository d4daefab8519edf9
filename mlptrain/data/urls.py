"""URLs of data files: the names that they are shown and stored by, and which of them this process was told to open.

A URL may hold keys, a password or a signed query. At the border, before anything else is made of a text, each URL in it
gives way to its name, which holds none of these; the whole URL stays in this process. So nothing behind the border
can show or store a secret, and the name in a model's file opens nothing by itself.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from mlptrain.errors import DataError, SpecError

SCHEMES = ("s3", "gs", "abfss", "hdfs", "https", "http")
OTHERS = ("s3a", "s3n", "gcs", "abfs", "wasb", "wasbs", "az", "adl", "webhdfs", "ftp", "ftps", "sftp", "ssh", "file")
"""Schemes of files that are not read, and may hold passwords all the same."""
WHOLE = re.compile(rf"(?:{'|'.join((*SCHEMES, *OTHERS))})://", re.IGNORECASE)
URL = re.compile(rf"""\b{WHOLE.pattern}(?:\[[^\]\s]*\]|[^\s,\]}}"'])*""", re.IGNORECASE)
"""A URL among other signs; brackets are those of a pattern."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")

GIVEN: dict[str, str] = {}
"""The URLs that were given to this process, by their names."""


def is_url(path: str) -> bool:
    """Whether a name of a file is a URL.

    >>> is_url("s3://bucket/a.csv"), is_url("a.csv"), is_url("C:/a.csv")
    (True, False, False)
    """
    return WHOLE.match(path) is not None


def name_url(url: str) -> str:
    """What a URL is shown and stored as: without keys, passwords, query and fragment.

    >>> name_url("S3://KEY:SECRET@bucket/a.csv?region=eu-west-1")
    's3://bucket/a.csv'
    >>> name_url("abfss://container:PASSWORD@account.dfs.core.windows.net/a.csv?sig=x")
    'abfss://container@account.dfs.core.windows.net/a.csv'
    """
    scheme = url.partition("://")[0].lower()
    try:
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
        _ = parts.port
    except ValueError:  # a port that is no number: perhaps the secret of a user
        return f"{scheme}://…"
    if "@" in f"{parts.path}{parts.query}{parts.fragment}" and ":" in host and not at:
        return f"{scheme}://…"  # the secret holds a sign that ends a host
    container = f"{user.partition(':')[0]}@" if scheme == "abfss" and user.partition(":")[0] else ""
    return f"{scheme}://{container}{host}{parts.path}"


def conceal_urls(text: str) -> str:
    """A text of the user's with names in place of its URLs, which this process may open from now on.

    >>> conceal_urls("data.train=[s3://u:p@b/1.csv, s3://b/2.csv?sig=x]")
    'data.train=[s3://b/1.csv, s3://b/2.csv]'
    """
    if "://" not in text:
        return text
    return keep_url(text) if is_url(text) else URL.sub(lambda found: keep_url(found[0]), text)


def keep_url(url: str) -> str:
    """The name of a URL, which this process may open from now on."""
    name = name_url(url)
    known = GIVEN.get(name, name)
    if url != name and known not in (name, url):
        why = "differ in their keys or their query alone, which are not stored"
        raise SpecError(f"{name}: two URLs of this name {why}; name one of them in a run")
    GIVEN[name] = known if url == name else url
    return name


def give_urls(urls: Mapping[str, str]) -> None:
    """Let this process open the URLs that another one was given."""
    GIVEN.update(urls)


def find_url(name: str) -> str:
    """The whole URL of a name; an error for one that nobody gave to this process, or that is not opened here."""
    if name.endswith("://…"):
        cure = "write %2F for /, %3F for ?, %23 for # in a key, or set the key in the environment"
        raise SpecError(f"{name}: this URL cannot be told from the key in it; {cure}")
    if fault := find_url_fault(name):
        raise SpecError(f"{name!r} is a URL; {fault}")
    if name not in GIVEN:
        why = "a URL that a model's file names is not opened unless it is given"
        raise DataError(f"{name}: {why}; name it as DATA, or fetch the file")
    return GIVEN[name]


def find_url_fault(name: str) -> str:
    """Why a URL of this name is not opened here; empty if it is."""
    scheme, _, rest = name.partition("://")
    if scheme not in SCHEMES:
        return f"{scheme}:// is not read; download the file and name it here"
    if scheme == "http" and urlsplit(name).hostname not in LOOPBACK:
        return "http:// is not read, as anyone on the way could change it; name it with https://"
    return "" if rest.strip("/") else "it names no file"
