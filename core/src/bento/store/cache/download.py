"""Archives that are called by a URL: `https://.../iris.bento`, kept in the cache, and downloaded again when they have changed."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import logging
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ... import __version__
from ...bundle.files.room import check_room, check_size
from ...errors import BentoError, RemoteError
from ...opening import read_plain
from ...plain import in_one_line
from ...tag import Tag
from ..local import Store
from ..reason import reason
from ..remotes.address import shown
from ..remotes.unanswered import way_out
from ..remotes.web import ask, check_protected, without_login
from ..root import refusing
from ..workspace import workspace
from .bundles import in_use, note_url, place_of

if TYPE_CHECKING:
    from ...bundle import Bundle

log = logging.getLogger(__name__)

_PIECE: Final = 1 << 20
_WHO: Final = ": it asks for a name and a password, as in https://USER:PASSWORD@host/iris.bento"


def downloaded(url: str, root: Path) -> Bundle:
    """The bundle in the `.bento` file at a URL. All of the file is checked before it is kept, and none of its code runs."""
    bare, login = without_login(url)
    check_protected(url)
    with refusing(root, f"keep {shown(url)}"):
        return _downloaded(url, bare, login, place_of(url, root))


def _downloaded(url: str, bare: str, login: dict[str, str], place: Path) -> Bundle:
    known = _known(place)
    try:
        with _ask(bare, login, known.get("etag", "")) as answer:
            note_url(place, url)
            return _take_in(answer, place, shown(url))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.NOT_MODIFIED:
            return in_use(Store(place / known["content"]), Tag.parse(known["tag"]))
        asked = _WHO if error.code == http.client.UNAUTHORIZED else ""
        raise RemoteError(f"cannot download {shown(url)}: {error.code} {in_one_line(str(error.reason))}{asked}") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise RemoteError(f"cannot download {shown(url)}: {reason(error)}{way_out(error, url)}") from error


def _known(place: Path) -> dict[str, str]:
    """The note on the last download, if its bundle is still here; otherwise an empty one."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, BentoError):
        note: dict[str, str] = json.loads(read_plain(place / "note"))
        Store(place / note["content"]).get(Tag.parse(note["tag"]))
        return note
    return {}


def _ask(url: str, login: dict[str, str], etag: str) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"bento/{__version__}", **({"If-None-Match": etag} if etag else {})}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - its scheme is checked
    for name, value in login.items():
        request.add_unredirected_header(name, value)
    return ask(request)


def _take_in(answer: http.client.HTTPResponse, place: Path, origin: str) -> Bundle:
    with workspace(place) as scratch:
        scratch.mkdir()
        file, digest = scratch / "download.bento", hashlib.sha256()
        with file.open("wb") as archive:
            for piece in _pieces(answer, scratch, origin):
                digest.update(piece)
                archive.write(piece)
        # Other contents under the same tag are another bundle, which is kept beside the first one.
        content = digest.hexdigest()[:32]
        store = Store(place / content)
        if not store.list():
            shutil.rmtree(store.root, ignore_errors=True)  # what is there without a whole bundle is damaged
        bundle = store.unpack(file, origin=origin)
        note = {"etag": answer.headers.get("ETag", ""), "tag": str(bundle.tag), "content": content}
        draft = scratch / "note"
        draft.write_text(json.dumps(note), "utf-8")
        draft.replace(place / "note")
    return in_use(store, bundle.tag)


def _pieces(answer: http.client.HTTPResponse, folder: Path, origin: str) -> Iterator[bytes]:
    """The pieces that arrive, for as long as the folder has room for them: a server need not say how much it sends."""
    expected, done = answer.length, 0
    check_size(origin, expected or 0)
    check_room(folder, expected or 0)
    while piece := answer.read(_PIECE):
        done += len(piece)
        check_size(f"{origin} has not ended yet: what has arrived", done)
        check_room(folder, len(piece))
        yield piece
    if expected is not None and done != expected:
        raise RemoteError(f"{done} of {expected} bytes arrived from {shown(answer.url)}")
