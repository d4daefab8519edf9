"""Names of URLs: what they never hold, and what opens them."""

import pytest

from mlptrain.data import urls
from mlptrain.data.urls import conceal_urls, find_url, keep_url, name_url
from mlptrain.errors import DataError, SpecError

SECRET = "hunter2"
HOSTS = {"s3": "bucket", "gs": "bucket", "abfss": "account.dfs.core.windows.net", "hdfs": "n:8020", "https": "x.org"}
SECRETS = [
    f"user:{SECRET}@{{host}}/d/a.csv",
    f"user:a%2F{SECRET}@{{host}}/d/a.csv",
    f"user:a/{SECRET}@{{host}}/d/a.csv",
    f"user:a?{SECRET}@{{host}}/d/a.csv",
    f"user:a#{SECRET}@{{host}}/d/a.csv",
    f"user:12/{SECRET}@{{host}}/d/a.csv",
    f":{SECRET}@{{host}}/d/a.csv",
    *(f"{{host}}/d/a.csv?{key}={SECRET}" for key in ("X-Amz-Signature", "sig", "access_key", "secret_key", "token")),
    f"{{host}}/d/a.csv#{SECRET}",
]
CASES = [f"{scheme}://{secret.format(host=host)}" for scheme, host in HOSTS.items() for secret in SECRETS]


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "GIVEN", {})


@pytest.mark.parametrize("url", CASES)
def test_no_name_holds_a_secret(url: str) -> None:
    assert SECRET not in name_url(url)
    assert name_url(name_url(url)) == name_url(url)
    for text in (url, f"data.train={url}", f"[{url}, {url}]", f'"{url}"'):
        urls.GIVEN.clear()
        assert SECRET not in conceal_urls(text)


@pytest.mark.parametrize("url", [url for url in CASES if not name_url(url).endswith("…")])
def test_a_url_is_opened_by_its_name_once_it_is_given(url: str) -> None:
    with pytest.raises(DataError, match="not opened unless it is given"):
        find_url(name_url(url))
    assert conceal_urls(f"data.train={url}") == f"data.train={name_url(url)}"
    assert find_url(name_url(url)) == url
    keep_url(name_url(url))
    assert find_url(name_url(url)) == url


def test_two_urls_of_one_name_are_refused() -> None:
    keep_url("https://x.org/a.csv?part=1")
    with pytest.raises(SpecError, match="differ in their keys or their query"):
        keep_url("https://x.org/a.csv?part=2")


def test_brackets_of_a_pattern_belong_to_a_url() -> None:
    assert conceal_urls("[s3://b/p-[0-9].csv?region=x, a.csv]") == "[s3://b/p-[0-9].csv, a.csv]"
