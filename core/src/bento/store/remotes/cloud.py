"""Places that fsspec reaches: the place that a URL names, and the library that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...errors import RemoteError
from . import patience
from .address import shown
from .objects import ObjectPlace

if TYPE_CHECKING:
    from .place import Place

# The distribution that fsspec needs for each scheme.
_NEEDS: Final = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "sftp": "paramiko"}


def cloud_place(url: str) -> Place:
    """The place of a URL; if its library is not installed, a RemoteError says what to install."""
    scheme = url.partition("://")[0]
    try:
        if scheme == "sftp":
            from .sftp import RenamingPlace, known_hosts

            return RenamingPlace(*_file_system(url, host_key_policy=known_hosts()))
        # A cached listing may be out of date.
        return ObjectPlace(*_file_system(url, use_listings_cache=False))
    except ImportError as error:
        raise RemoteError(f"cannot reach {shown(url)} without {_NEEDS[scheme]}: pip install 'bento-core[{scheme}]'") from error


def _file_system(url: str, **options: object) -> tuple[Any, str]:
    """fsspec's file system for a URL, and the path there."""
    from fsspec.core import url_to_fs

    scheme = url.partition("://")[0]
    fs, root = url_to_fs(url, skip_instance_cache=True, **options, **patience.options(scheme, url))
    patience.settle(fs, scheme)
    return fs, root
