"""The address: the public URL of a server behind a proxy, which the server cannot find out by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import ServerError

_AUTHORITY = re.compile(r"(\[(?P<address>[0-9a-z:.%_~-]+)\]|(?P<name>[0-9a-z.%_~!$&'()*+,;=-]*))(:[0-9]*)?")
_PATH = re.compile(r"(/[A-Za-z0-9._~:@-]+)*")


def host_name(authority: str) -> str | None:
    """`[::1]:3000` to `::1`, `LocalHost` to `localhost`; None for anything but a host and perhaps a port. Source: RFC 3986, section 3.2.

    A user in front of the host gives None as well: it is there to hide whose host it is (RFC 9110, section 4.2.4).
    """
    found = _AUTHORITY.fullmatch(authority.lower())
    return None if found is None else found["address"] or found["name"]


@dataclass(frozen=True, slots=True)
class Address:
    """A public URL and its parts: the host in lower case, and the prefix in front of the server's own paths, "" or like `/models/iris`."""

    url: str = ""
    host: str = ""
    prefix: str = ""

    @classmethod
    def read(cls, text: str) -> Address:
        """The address of a URL, "" for none. A URL with more than a scheme, a host and a path is a ServerError."""
        if not text:
            return cls()
        url = text.rstrip("/")
        try:
            parts = urlsplit(url)
            host, _ = host_name(parts.netloc), parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in {"http", "https"} or url != f"{parts.scheme}://{parts.netloc}{parts.path}":
            raise ServerError(f"public URL {text!r}: expected one like 'https://api.example.org/models/iris'")
        if not _PATH.fullmatch(parts.path):
            raise ServerError(f"public URL {text!r}: expected a path of letters, digits and any of '-._~:@', got {parts.path!r}")
        return cls(url, host, parts.path)

    def within(self, path: str) -> str | None:
        """The part of `path` after the prefix, for proxies that pass the public path on; None if `path` does not begin with the prefix."""
        if not self.prefix or not f"{path}/".startswith(f"{self.prefix}/"):
            return None
        return path.removeprefix(self.prefix) or "/"
