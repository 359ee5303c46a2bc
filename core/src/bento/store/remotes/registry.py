"""A repository of a registry, over HTTP.

Source: OCI distribution specification 1.1; for tokens, https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlencode, urljoin, urlsplit

from ...errors import RemoteError
from ...plain import in_one_line, shortened
from .web import ask, check_onward, is_here

_PAGE: Final = 1000
_PAGES: Final = 1000
_LARGEST: Final = 4 << 20
# Source: OCI distribution specification 1.1, "Pulling manifests".
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')


class Registry:
    """One repository. If the registry asks for a login, it gets the one that `docker login` has saved in `~/.docker/config.json`."""

    def __init__(self, host: str, repository: str) -> None:
        if not repository:
            raise RemoteError(f"expected a repository of the registry, as in oci://{host}/models, got 'oci://{host}'")
        self._host = host
        self._repository = repository
        # Only this machine itself is asked without encryption.
        scheme = "http" if is_here(f"//{host}") else "https"
        self._base = f"{scheme}://{host}/v2/{repository}/"
        self._authorization = ""

    def size(self, path: str, accept: str = "*/*") -> int | None:
        """The size in bytes of a blob or manifest, None if it is not there.

        A registry may leave it out (OCI Distribution Specification, "Pull"): then the size is -1, which no file has.
        """
        try:
            with contextlib.closing(self._ask("HEAD", path, headers={"Accept": accept})) as answer:
                size = answer.headers.get("Content-Length", "")
                return int(size) if size.isdecimal() else -1
        except FileNotFoundError:
            return None

    def get(self, path: str, *, start: int = 0, accept: str = "*/*") -> http.client.HTTPResponse:
        """A blob or manifest, from the byte `start` on; a FileNotFoundError if it is not there."""
        answer = self._ask("GET", path, headers={"Accept": accept, **({"Range": f"bytes={start}-"} if start else {})})
        if start and answer.status != http.client.PARTIAL_CONTENT:
            left = start
            while left and (piece := answer.read(min(left, 1 << 20))):
                left -= len(piece)
        return answer

    def upload(self, digest: str, content: Any, size: int) -> None:
        """Put a blob; the registry refuses it if `content` does not have this digest."""
        with contextlib.closing(self._ask("POST", "blobs/uploads/", b"")) as answer:
            location = urljoin(answer.url, answer.headers["Location"])
            check_onward(answer.url, location)
        url = location + ("&" if urlsplit(location).query else "?") + urlencode({"digest": digest})
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        self._ask("PUT", url, content if size else b"", headers).close()

    def put(self, path: str, content: bytes, media_type: str) -> None:
        """Put a manifest."""
        self._ask("PUT", path, content, {"Content-Type": media_type}).close()

    def tags(self) -> Iterator[str]:
        """All tags; none if the repository is not there."""
        path = f"tags/list?n={_PAGE}"
        for _ in range(_PAGES):
            try:
                with contextlib.closing(self._ask("GET", path)) as answer:
                    tags = _document(answer).get("tags") or ()
                    yield from (tag for tag in tags if isinstance(tag, str) and _TAG.fullmatch(tag))
                    following = re.match(r"<([^>]+)>; *rel=\"?next", answer.headers.get("Link", ""))
            except FileNotFoundError:
                return
            if following is None:
                return
            path = self._own(urljoin(answer.url, following[1]))
        raise RemoteError(f"{self._host} lists more than {_PAGES} pages of tags: expected at most that many")

    def _own(self, url: str) -> str:
        """The same URL; one of another server is a RemoteError."""
        if urlsplit(url)[:2] != urlsplit(self._base)[:2]:
            raise RemoteError(f"{self._host} says that its list of tags goes on at {url!r}: expected an address of its own")
        return url

    def _ask(self, method: str, path: str, content: Any = None, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
        while True:
            try:
                return self._send(method, path, content, headers or {})
            except urllib.error.HTTPError as error:
                with error:
                    if error.code == http.client.UNAUTHORIZED and not self._authorization:
                        self._authorization = self._answer_to(error.headers.get("WWW-Authenticate", ""))
                        continue
                    self._refuse(error)

    def _send(self, method: str, path: str, content: Any, headers: dict[str, str]) -> http.client.HTTPResponse:
        url = urljoin(self._base, path)
        # A registry may redirect its clients to a storage server, which must not get the registry's login.
        own = {"Authorization": self._authorization} if self._authorization and urlsplit(url).netloc == self._host else {}
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310 - its scheme is ours
        for name, value in own.items():
            request.add_unredirected_header(name, value)
        return ask(request)

    def _answer_to(self, challenge: str) -> str:
        """The Authorization header that a registry asks for: the login itself, or a token that the registry's server issues for it."""
        kind, _, rest = challenge.partition(" ")
        known = _login(self._host)
        if kind.lower() == "bearer":
            asked = dict(_CHALLENGE.findall(rest))
            realm = asked.pop("realm", "")
            if urlsplit(realm).scheme != "https" and not (is_here(realm) and is_here(self._base)):
                raise RemoteError(f"{self._host} wants a token from {realm!r}: expected an address that begins with https://")
            asked["scope"] = f"repository:{self._repository}:pull,push"
            request = urllib.request.Request(f"{realm}?{urlencode(asked)}", headers=known)  # noqa: S310 - its scheme is checked
            try:
                with ask(request) as answer:
                    document = _document(answer)
            except urllib.error.HTTPError as error:
                with error:
                    said = in_one_line(f"{realm} gave no token: {error.code} {error.reason}")
                    raise RemoteError(f"{said}: docker login {self._host}") from error
            return f"Bearer {document.get('token') or document['access_token']}"
        if not known:
            raise RemoteError(f"{self._host} wants to know who you are: docker login {self._host}")
        return known["Authorization"]

    def _refuse(self, error: urllib.error.HTTPError) -> NoReturn:
        if error.code == http.client.NOT_FOUND:
            raise FileNotFoundError(error.url) from error
        said = error.read(_PAGE).decode(errors="replace").strip()
        refusal = in_one_line(f"{error.code} {error.reason}{f': {said}' if said else ''}")
        raise RemoteError(f"{self._host} refused: {refusal}") from error


def _document(answer: http.client.HTTPResponse) -> dict[str, Any]:
    """The JSON object in an answer, which is limited in size."""
    content = answer.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise RemoteError(f"expected at most {_LARGEST} bytes from {answer.url}, got more")
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(content)
        if isinstance(document, dict):
            return document
    raise RemoteError(f"expected a JSON object from {answer.url}, got {shortened(content)}")


def _login(host: str) -> dict[str, str]:
    """The login that `docker login` or `podman login` has saved for a registry, as a header; empty if there is none."""
    folder = os.environ.get("DOCKER_CONFIG") or str(Path("~/.docker").expanduser())
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return {"Authorization": f"Basic {json.loads(Path(folder, 'config.json').read_text('utf-8'))['auths'][host]['auth']}"}
    return {}
