"""Addresses: the URLs of remotes, and of the bundles in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from ...errors import RemoteError
from ...tag import Tag

_SCHEMES: Final = ("file", "s3", "gs", "az", "sftp", "oci")
_ALIASES: Final = {"abfs": "az", "abfss": "az", "docker": "oci", "gcs": "gs", "s3a": "s3", "scp": "sftp", "ssh": "sftp"}
"""Other programs' names for these schemes."""

_USER: Final = re.compile(r"(?<=://)([^/@:]*):[^/]*(?=@)")
_TOKEN: Final = re.compile(r"(?<=^https://)[^/@:]+(?=@)|(?<=^http://)[^/@:]+(?=@)")
_SLIP: Final = re.compile(r"(?<=://)([^/@:\[]*):(?!\d*/).*(?=@)")
"""A password with an unquoted slash, which is malformed: the text before the slash is not a port."""


def is_url(text: object) -> bool:
    """Whether a text is a URL rather than a tag or a path."""
    return isinstance(text, str) and "://" in text


def shown(url: str) -> str:
    """A URL that may be shown to anybody: without a password, or a token in place of the user's name."""
    for secret, kept in ((_USER, r"\1:***"), (_TOKEN, "***"), (_SLIP, r"\1:***")):
        url, found = secret.subn(kept, url)
        if found:
            break
    return url


def check_remote(text: str) -> str:
    """The URL of a remote, without a slash at its end; anything else is a RemoteError that shows an example."""
    scheme, separator, rest = text.partition("://")
    if scheme not in _SCHEMES or not separator or not rest.strip("/"):
        raise RemoteError(f"expected a remote such as s3://bucket/store or file:///srv/models, got {shown(text)!r}{_guess(text)}")
    if scheme == "file" and urlsplit(text).netloc not in ("", "localhost"):
        raise RemoteError(f"expected the absolute path of a folder after file://, as in file:///srv/models, got {text!r}")
    return text.rstrip("/")


def _guess(text: str) -> str:
    """The end of the error message: the remote that may have been meant, or nothing."""
    scheme, separator, rest = text.partition("://")
    meant = _ALIASES.get(scheme.lower(), scheme.lower())
    if text.startswith(("/", "./", "../")):
        return f": did you mean file://{quote(str(Path(text).resolve()))}"
    if meant in ("http", "https"):
        return ": a web server is not a remote, but what takes a tag also takes the URL of an archive there"
    if separator and rest.strip("/") and meant in _SCHEMES:
        return f": did you mean {shown(f'{meant}://{rest}')}"
    return ""


def split_tag(url: str) -> tuple[str, Tag]:
    """The remote and the tag that a URL such as `s3://bucket/store/iris:latest` names a bundle by."""
    remote, _, tag = check_remote(url).rpartition("/")
    if "://" not in remote or not remote.partition("://")[2]:
        raise RemoteError(f"expected the tag of a bundle at the end of a remote, as in {shown(url)}/iris:latest, got {shown(url)!r}")
    return check_remote(remote), Tag.parse(tag)
