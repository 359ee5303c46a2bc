"""Addresses: the URLs by which remotes, and the bundles in them, are called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from ..errors import RemoteError
from ..tag import Tag

SCHEMES: Final = ("file", "s3", "gs", "az", "sftp", "oci")

_USER: Final = re.compile(r"(?<=://)([^/@:]*):[^/]*(?=@)")
_TOKEN: Final = re.compile(r"(?<=^https://)[^/@:]+(?=@)|(?<=^http://)[^/@:]+(?=@)")
_SLIP: Final = re.compile(r"(?<=://)([^/@:\[]*):(?!\d*/).*(?=@)")
"""A password that is written with a slash in it, and so is none: what stands before the slash is no port."""


def is_url(text: object) -> bool:
    """Whether a text is a URL rather than a tag or a path."""
    return isinstance(text, str) and "://" in text


def shown(url: str) -> str:
    """A URL as it may be told to anybody, without a password, or what web servers take for one."""
    for secret, kept in ((_USER, r"\1:***"), (_TOKEN, "***"), (_SLIP, r"\1:***")):
        url, found = secret.subn(kept, url)
        if found:
            break
    return url


def check_remote(text: str) -> str:
    """The URL of a remote, without a slash at its end; anything else is a RemoteError that says what one looks like."""
    scheme, separator, rest = text.partition("://")
    if scheme not in SCHEMES or not separator or not rest.strip("/"):
        guess = f": did you mean file://{quote(str(Path(text).resolve()))}" if text.startswith(("/", "./", "../")) else ""
        raise RemoteError(f"expected a remote such as s3://bucket/store or file:///srv/models, got {shown(text)!r}{guess}")
    if scheme == "file" and urlsplit(text).netloc not in ("", "localhost"):
        raise RemoteError(f"expected the folder of a file:// remote from the root on, as in file:///srv/models, got {text!r}")
    return text.rstrip("/")


def split_tag(url: str) -> tuple[str, Tag]:
    """The remote and the tag that a URL such as `s3://bucket/store/iris:latest` names a bundle by."""
    remote, _, tag = check_remote(url).rpartition("/")
    if "://" not in remote or not remote.partition("://")[2]:
        raise RemoteError(f"expected the tag of a bundle at the end of a remote, as in {shown(url)}/iris:latest, got {shown(url)!r}")
    return check_remote(remote), Tag.parse(tag)
