"""Files of servers on this machine: read as the local file is, named without what is secret."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from mlptrain.__main__ import main

SECRET = "hunter2"
SPEC = "data: {{train: '{train}', target: y}}\nmodel: {{hidden: [3]}}\ntraining: {{epochs: 2}}\n"
ROWS = "a,b,y\n" + "".join(f"{k % 7},{k % 5},{'u' if k % 7 > 3 else 'v'}\n" for k in range(60))
INSTALL = "pip install -e '.[remote]' 'moto[server]'"


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that writes no log, and wants a token."""

    def send_head(self):
        if f"token={SECRET}" not in self.path:
            self.send_error(403)
            return None
        return super().send_head()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("aiohttp", reason=INSTALL)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.csv").write_text(ROWS)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["mlptrain", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def require_no_secret(folder: Path, captured: tuple[str, str]) -> None:
    assert SECRET not in "".join(captured)
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".yaml":
            assert SECRET.encode() not in file.read_bytes(), file


@pytest.mark.integration
@pytest.mark.filterwarnings("default")
def test_a_file_of_the_web_predicts_as_the_local_one(web, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mlptrain.data.remote.BUFFER", 64)  # so that the file is several times as large
    url = f"{web}a.csv?token={SECRET}"
    Path("secret.yaml").write_text(SPEC.format(train=url))
    Path("local.yaml").write_text(SPEC.format(train="served/a.csv"))
    assert run(monkeypatch, "fit", "secret.yaml", "--out", "web.npz", "--history", "h.jsonl") == 0
    assert run(monkeypatch, "fit", "local.yaml", "--out", "local.npz") == 0
    assert run(monkeypatch, "predict", "web.npz", url, "--out", "web.csv") == 0
    assert run(monkeypatch, "predict", "local.npz", "served/a.csv", "--out", "local.csv") == 0
    assert Path("web.csv").read_bytes() == Path("local.csv").read_bytes()
    assert run(monkeypatch, "report", "web.npz", "--data", url, "--out", "r.html") == 0
    assert run(monkeypatch, "eval", "web.npz", f"{web}none.csv?token={SECRET}") == 3
    assert run(monkeypatch, "eval", "web.npz", f"{web}other.csv?sig={SECRET}") == 3
    captured = capsys.readouterr()
    assert "access is denied" in captured.err
    require_no_secret(tmp_path, captured)


@pytest.mark.integration
@pytest.mark.filterwarnings("default")
def test_a_server_that_is_not_there_is_the_environments_fault(web, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SPEC.format(train="served/a.csv"))
    assert run(monkeypatch, "fit", "s.yaml", "--out", "m.npz") == 0
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        places = f"http://127.0.0.1:{closed.getsockname()[1]}", f"127.0.0.1%3A{closed.getsockname()[1]}"
        for url in (
            f"{places[0]}/a.csv?sig={SECRET}",
            f"s3://k:{SECRET}@b/a.csv?region=us-east-1&endpoint_override=http%3A%2F%2F{places[1]}",
        ):
            assert run(monkeypatch, "eval", "m.npz", url) == 6
    captured = capsys.readouterr()
    assert captured.err.count("the server cannot be reached") == 2
    require_no_secret(tmp_path, captured)


def test_outputs_are_local(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(ROWS)
    Path("s.yaml").write_text(SPEC.format(train="a.csv"))
    assert run(monkeypatch, "fit", "s.yaml", "--out", f"s3://user:{SECRET}@bucket/m.npz") == 2
    captured = capsys.readouterr()
    assert "files are written on this machine" in captured.err
    require_no_secret(tmp_path, captured)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    """The options of a URL for a store that speaks as S3 does, on this machine."""
    if find_spec("moto") is None:
        pytest.skip(f"moto is not installed: {INSTALL}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            process.poll()
    yield f"endpoint_override=http%3A%2F%2F127.0.0.1%3A{port}&region=us-east-1"
    process.terminate()
    process.wait()


@pytest.mark.integration
@pytest.mark.filterwarnings("default")
def test_files_of_a_store_predict_as_local_ones(store, tmp_path, monkeypatch, capsys) -> None:
    from urllib.parse import parse_qs

    from pyarrow import csv, fs, parquet

    monkeypatch.chdir(tmp_path)
    endpoint = parse_qs(store)["endpoint_override"][0]
    bucket = fs.S3FileSystem(
        access_key="k", secret_key=SECRET, endpoint_override=endpoint, region="us-east-1", allow_bucket_creation=True
    )
    bucket.create_dir("bucket")
    Path("a.csv").write_text(ROWS)
    parquet.write_table(csv.read_csv("a.csv"), "a.parquet")
    for name, key in (("a.csv", "part-1.csv"), ("a.csv", "part-2.csv"), ("a.parquet", "a.parquet")):
        with bucket.open_output_stream(f"bucket/d/{key}") as stream:
            stream.write(Path(name).read_bytes())
    Path("s.yaml").write_text(SPEC.format(train="a.csv"))
    assert run(monkeypatch, "fit", "s.yaml", "--out", "m.npz") == 0
    url = f"s3://k:{SECRET}@bucket/d/{{}}?{store}"
    for key, local in (("part-1.csv", "a.csv"), ("a.parquet", "a.parquet")):
        assert run(monkeypatch, "predict", "m.npz", url.format(key), "--out", "far.csv") == 0
        assert run(monkeypatch, "predict", "m.npz", local, "--out", "near.csv") == 0
        assert Path("far.csv").read_bytes() == Path("near.csv").read_bytes()
    assert run(monkeypatch, "fit", "s.yaml", "--set", f"data.train={url.format('part-*.csv')}", "--out", "p.npz") == 0
    for workers in ("1", "2"):
        many = url.format("part-*.csv")
        assert run(monkeypatch, "predict", "m.npz", many, "--out-dir", f"out{workers}", "--workers", workers) == 0
        assert len({file.read_bytes() for file in Path(f"out{workers}").iterdir()}) == 1
    assert run(monkeypatch, "eval", "m.npz", url.format("part-3.csv")) == 3
    captured = capsys.readouterr()
    assert "did you mean 'part-" in captured.err
    require_no_secret(tmp_path, captured)


def test_a_stored_url_opens_nothing(tmp_path, monkeypatch, capsys) -> None:
    from mlptrain.data import urls

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(urls, "GIVEN", {})
    monkeypatch.setattr("mlptrain.data.remote.open_store", lambda *_: pytest.fail("a connection"))
    monkeypatch.setattr("mlptrain.fitting.candidates.match_files", lambda *_: [])
    Path("a.csv").write_text(ROWS)
    Path("s.yaml").write_text(SPEC.format(train="a.csv").replace("target", f"test: 's3://k:{SECRET}@b/t.csv', target"))
    assert run(monkeypatch, "fit", "s.yaml", "--out", "m.npz") == 0
    urls.GIVEN.clear()
    assert run(monkeypatch, "eval", "m.npz") == 3
    captured = capsys.readouterr()
    assert "s3://b/t.csv: a URL that a model's file names is not opened" in captured.err
    require_no_secret(tmp_path, captured)
