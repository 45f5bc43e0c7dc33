"""Fetching the files of a data set: from a folder of data, else from their URLs, never without a checksum."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import logging
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from molgen.datasets.card import DataCard, DataFile
from molgen.datasets.catalog import load_card
from molgen.errors import ConfigError, InputError

__all__ = ["get"]

#: The environment variable that names a folder of data.
FOLDER_VARIABLE = "MOLGEN_DATA"
#: Seconds without an answer after which a host counts as unreachable.
_TIMEOUT = 30

Progress = Callable[[str], None]


def get(
    name: str | DataCard,
    folder: str | Path,
    *,
    files: Sequence[str] = (),
    data: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, Path]:
    """Put the files of a data set into a folder.

    A file that is there with the right checksum is left as it is. One that lies anywhere under the folder of data, plain or
    gzipped, is copied if its checksum is right. Any other is downloaded, and refused if its checksum is wrong.

    Parameters
    ----------
    name
        Of the data set, or its card.
    folder
        Where the files go; made if it is not there.
    files
        Names of the files that are wanted; all of them without it.
    data
        The folder of data; what the environment variable ``MOLGEN_DATA`` names without it.
    overwrite
        Replace files of the same name and another content.
    progress
        Told what is going on.

    Returns
    -------
    File name -> path, in the order of the card.

    Raises
    ------
    ConfigError
        If the data set or a file is unknown.
    InputError
        If a file cannot be had: another file of its name is there, no URL is known, no host answers or the content is wrong.

    Examples
    --------
    >>> molgen.datasets.get("esol", "data")  # doctest: +SKIP
    {'delaney-processed.csv': PosixPath('data/delaney-processed.csv')}
    """
    card = load_card(name) if isinstance(name, str) else name
    wanted = _choose(card, files)
    tell = progress or (lambda _: None)
    target = Path(folder)
    store = Path(data) if data is not None else Path(os.environ[FOLDER_VARIABLE]) if os.environ.get(FOLDER_VARIABLE) else None
    try:
        target.mkdir(parents=True, exist_ok=True)
        return {file.name: _fetch(card, file, target, store, overwrite, tell) for file in wanted}
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror or error}", where=str(error.filename or target), remedy="name another folder"
        ) from None


def _choose(card: DataCard, names: Sequence[str]) -> list[DataFile]:
    known = {file.name: file for file in card.files}
    for name in names:
        if name not in known:
            raise ConfigError(f"data set {card.name} has no file {name!r}", expected=f"one of {', '.join(known)}")
    return [file for file in card.files if not names or file.name in names]


def _fetch(card: DataCard, file: DataFile, folder: Path, store: Path | None, overwrite: bool, tell: Progress) -> Path:
    path = folder / file.name
    if path.is_file() and _sha256(path) == file.sha256:
        tell(f"{file.name}: there already")
        return path
    if path.exists() and not overwrite:
        raise InputError(
            "another file of this name is there", where=str(path), remedy="add --overwrite to replace it, or name another folder"
        )
    with tempfile.TemporaryDirectory(dir=folder, prefix=".molgen-") as work:
        ready = Path(work, "ready")
        found = _find(file, store, ready) if store is not None else None
        if found is not None:
            tell(f"{file.name}: copied from {found}")
        else:
            _download(card, file, Path(work), ready, tell)
        ready.replace(path)
    return path


def _find(file: DataFile, store: Path, ready: Path) -> Path | None:
    """Copy the file out of a folder of data if it is there, by name and checksum; return where it was."""
    urls = (PurePosixPath(urlsplit(url).path).name.removesuffix(".gz") for url in file.urls)
    for name in sorted({file.name, file.original or file.name, *urls}):
        for found in sorted([*store.rglob(name), *store.rglob(f"{name}.gz")]):
            if found.is_file() and _unpack(found, ready) == file.sha256:
                return found
    return None


def _download(card: DataCard, file: DataFile, work: Path, ready: Path, tell: Progress) -> None:
    if not file.urls:
        raise InputError(
            "no URL with a known checksum",
            where=f"{card.name}: {file.name}",
            remedy=f"name a folder that has it with {FOLDER_VARIABLE}, or make it from {card.source}",
        )
    failures = []
    for url in file.urls:
        tell(f"{file.name}: downloading from {url}")
        packed = url.endswith(".gz")
        failure = _retrieve(url, file.gz_sha256 if packed else file.sha256, work)
        if failure is None:
            if _unpack(work / "download", ready) == file.sha256:
                return
            failure = "its content is not what the card describes"
        failures.append(f"{url}: {failure}")
    raise InputError(
        "cannot be downloaded",
        where=f"{card.name}: {file.name}",
        got="; ".join(failures),
        remedy="try again later, or download it by hand into a folder that MOLGEN_DATA names",
    )


def _retrieve(url: str, sha256: str | None, work: Path) -> str | None:
    """Download to ``work / "download"``; return why that failed, or ``None``."""
    import pooch
    import requests

    if sha256 is None:
        return "no checksum is known for it"
    try:
        with _quiet():
            downloader = pooch.HTTPDownloader(timeout=_TIMEOUT)
            pooch.retrieve(url, known_hash=f"sha256:{sha256}", fname="download", path=work, downloader=downloader)
    except requests.exceptions.HTTPError as error:
        return f"the host answered {error.response.status_code if error.response is not None else 'with an error'}"
    except requests.exceptions.Timeout:
        return "the host does not answer"
    except requests.exceptions.ConnectionError:
        return "the host cannot be reached"
    except requests.exceptions.RequestException as error:
        return f"the transfer failed ({type(error).__name__})"
    except ValueError:
        return "the checksum is wrong: the file has changed, or was damaged on the way"
    return None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep pooch from announcing the download; its logger is as it was afterwards."""
    import pooch

    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _unpack(path: Path, ready: Path) -> str:
    """Write the content of a file, gzipped or not, and return its SHA-256; empty if it is damaged."""
    digest = hashlib.sha256()
    with path.open("rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        try:
            with gzip.open(plain) if packed else contextlib.nullcontext(plain) as content, ready.open("wb") as output:
                while block := content.read(1 << 20):
                    digest.update(block)
                    output.write(block)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return ""
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
