"""Downloads: asked for, checked, cached, and refused in words; from a server of our own."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import logging
import threading
from functools import partial

import pytest

from molgen.datasets import DataCard, DataFile, get
from molgen.errors import ConfigError, InputError

CONTENT = b"smiles,y\nCCO,1\nCCC,2\n"
PACKED = gzip.compress(CONTENT, mtime=0)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def make_card(*urls, name="table.csv", content=CONTENT, **more):
    file = DataFile(name, sha(content), len(content), urls=urls, **more)
    return DataCard("small", "A table.", (file,), "nowhere", "CC0", {})


@pytest.fixture
def no_store(monkeypatch):
    monkeypatch.delenv("MOLGEN_DATA", raising=False)


@pytest.fixture
def server(tmp_path, no_store):
    """A web server with two files; ``.requests`` lists what was asked of it."""
    root = tmp_path / "www"
    root.mkdir()
    (root / "table.csv").write_bytes(CONTENT)
    (root / "table.csv.gz").write_bytes(PACKED)
    requests = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            requests.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=root)) as service:
        service.requests, service.root = requests, root
        service.url = f"http://127.0.0.1:{service.server_port}/"
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.shutdown()


def test_a_download_is_kept_and_not_repeated(server, tmp_path):
    card, told = make_card(server.url + "table.csv"), []
    for _ in range(2):
        paths = get(card, tmp_path / "data", progress=told.append)
        assert paths == {"table.csv": tmp_path / "data" / "table.csv"}
        assert paths["table.csv"].read_bytes() == CONTENT
    assert len(server.requests) == 1
    assert [line.split(": ")[1].split()[0] for line in told] == ["downloading", "there"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["table.csv"]


def test_a_gzipped_download_is_checked_packed_and_kept_unpacked(server, tmp_path):
    card = make_card(server.url + "table.csv.gz", gz_sha256=sha(PACKED))
    assert get(card, tmp_path / "data")["table.csv"].read_bytes() == CONTENT


def test_the_second_url_is_taken_where_the_first_fails(server, tmp_path):
    card = make_card(server.url + "gone.csv", server.url + "table.csv")
    assert get(card, tmp_path / "data")["table.csv"].read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_leaves_nothing(server, tmp_path):
    card = make_card(server.url + "table.csv", content=b"something else")
    with pytest.raises(InputError, match=r"small: table\.csv.*the checksum is wrong"):
        get(card, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


def test_a_gzip_of_something_else_is_refused(server, tmp_path):
    card = make_card(server.url + "table.csv.gz", content=b"something else", gz_sha256=sha(PACKED))
    with pytest.raises(InputError, match="not what the card describes"):
        get(card, tmp_path / "data")


def test_answers_and_silence_are_told(server, tmp_path):
    closed = f"http://127.0.0.1:{server.server_port}/"
    with pytest.raises(InputError, match="the host answered 404"):
        get(make_card(closed + "gone.csv"), tmp_path / "data")
    server.shutdown()
    server.server_close()
    with pytest.raises(InputError, match=r"the host cannot be reached.*MOLGEN_DATA"):
        get(make_card(closed + "table.csv"), tmp_path / "data")


def test_a_file_without_a_url_says_where_it_comes_from(no_store, tmp_path):
    with pytest.raises(InputError, match=r"no URL with a known checksum.*MOLGEN_DATA, or make it from nowhere"):
        get(make_card(), tmp_path / "data")


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_data_comes_before_the_network(tmp_path, monkeypatch, packed):
    store = tmp_path / "store" / "deep"
    store.mkdir(parents=True)
    (store / ("table.csv.gz" if packed else "table.csv")).write_bytes(gzip.compress(CONTENT) if packed else CONTENT)
    (tmp_path / "store" / "table.csv").write_bytes(b"another table of this name")
    monkeypatch.setenv("MOLGEN_DATA", str(tmp_path / "store"))
    told = []
    # Port 9 would be refused: nothing is asked of it.
    paths = get(make_card("http://127.0.0.1:9/table.csv"), tmp_path / "data", progress=told.append)
    assert paths["table.csv"].read_bytes() == CONTENT
    assert "copied from" in told[0]


def test_a_damaged_gzip_in_the_folder_of_data_is_passed_over(server, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / "table.csv.gz").write_bytes(PACKED[:-6])
    assert get(make_card(server.url + "table.csv"), tmp_path / "data", data=store)["table.csv"].read_bytes() == CONTENT


def test_another_file_is_replaced_only_when_asked(server, tmp_path):
    (tmp_path / "table.csv").write_bytes(b"precious")
    card = make_card(server.url + "table.csv")
    with pytest.raises(InputError, match=r"another file of this name is there.*--overwrite"):
        get(card, tmp_path)
    assert (tmp_path / "table.csv").read_bytes() == b"precious"
    assert server.requests == []
    get(card, tmp_path, overwrite=True)
    assert (tmp_path / "table.csv").read_bytes() == CONTENT


def test_unknown_files_are_named(no_store, tmp_path):
    with pytest.raises(ConfigError, match=r"no file 'x\.csv'; expected one of table\.csv"):
        get(make_card(), tmp_path / "data", files=["x.csv"])


def test_a_folder_that_cannot_be_made_is_told(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        get(make_card(server.url + "table.csv"), tmp_path / "file" / "data")


def test_poochs_logger_is_left_as_it_was(server, tmp_path, capsys):
    import pooch

    pooch.get_logger().setLevel(logging.INFO)
    get(make_card(server.url + "table.csv"), tmp_path / "data")
    assert pooch.get_logger().level == logging.INFO
    assert capsys.readouterr().err == ""
