"""Bundles that are called by a URL: kept in stores of their own, `<root>/cache/...`, and verified there like any bundle."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ... import errors
from ...errors import NotFound, RemoteError
from ...opening import read_plain, write_plain
from ...tag import Tag
from ..local import Store
from ..remotes.address import shown, split_tag
from ..root import make_folder
from .leases import hold

if TYPE_CHECKING:
    from ...bundle import Bundle

log = logging.getLogger(__name__)

_URL: Final = "url"
# A folder's name need not be text. Source: PEP 383.
_NAMES: Final = "surrogateescape"


def cached(url: str, root: Path) -> Bundle:
    """The bundle that a URL such as `s3://bucket/store/iris:latest` names.

    A version that is in the cache is taken from there, because it never changes; for `latest` the remote is asked.
    """
    remote, tag = split_tag(url)
    store = Store(place_of(remote, root))
    if not tag.is_latest:
        with contextlib.suppress(NotFound):
            return in_use(store, tag)
    log.info("fetching %s from %s", tag, shown(remote))
    note_url(store.root, remote)
    return in_use(store, _fetch_beside(remote, tag, store))


def in_use(store: Store, tag: Tag) -> Bundle:
    """A bundle in the cache, which is not pruned for as long as this process lives."""
    hold(store.root, store.get(tag).tag)
    return store.get(tag)


def note_url(place: Path, url: str) -> None:
    """Write down the URL that a folder of the cache has its bundles from.

    A full disk is not an error here: the download that follows reports it.
    """
    with contextlib.suppress(OSError):
        make_folder(place)
        write_plain(place / _URL, shown(url).encode("utf-8", _NAMES))


def url_of(place: Path, tag: Tag) -> str:
    """The URL that a bundle in a folder of the cache is called by; its tag if the URL is unknown."""
    try:
        url = read_plain(place / _URL).decode("utf-8", _NAMES)
    except OSError:
        return str(tag)
    return url if url.startswith(("http:", "https:")) else f"{url}/{tag}"


def place_of(url: str, root: Path) -> Path:
    """The folder in the cache of the store at `root` for what comes from a URL; its name does not depend on a password."""
    return root / "cache" / hashlib.sha256(shown(url).encode("utf-8", _NAMES)).hexdigest()[:32]


def _fetch_beside(remote: str, tag: Tag, store: Store) -> Tag:
    """Fetch in another process: libraries for remotes leave threads running, with which a server could not fork."""
    order = json.dumps({"remote": remote, "tag": str(tag), "root": str(store.root)})
    command = [sys.executable, "-m", "bento.store.cache"]
    done = subprocess.run(command, input=order, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode != 0:
        raise RemoteError(f"cannot fetch {tag} from {shown(remote)}: the process that fetched it ended with status {done.returncode}")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    return Tag.parse(answer["tag"])
