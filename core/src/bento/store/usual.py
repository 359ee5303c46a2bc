"""The functions that users call; they use the usual store, `$BENTO_HOME` or `~/.bento`, unless `store` names another."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .. import bundle as bundles
from ..bundle import Bundle, load_service, open_bundle
from ..bundle.manifest.paths import MANIFEST
from ..bundle.sbom import check_sbom
from ..errors import BundleError
from ..service import described
from ..tag import Tag
from .ledger import ledger_of
from .local import store_of
from .remotes.address import is_url
from .trust.trust import check_trust

if TYPE_CHECKING:
    from ..bundle.signing.identity import Identity
    from ..service import Service
    from .local import Store

    class Loaded(Service):
        """A service of a class that only its bundle defines: a type checker accepts any slot and any api."""

        def __getattr__(self, name: str) -> Any: ...


_ARCHIVE = ".bento"


def load(
    target: str | Path | Tag | Bundle,
    *,
    store: Store | None = None,
    trust: bool = False,
    keys: Sequence[str | Path | Identity] = (),
) -> Loaded:
    """The service of a bundle, with its models, ready to be called.

    Its files are verified first. Loading a bundle runs its code, so a bundle that was neither made here nor trusted before is an
    UntrustedError, unless `trust` is given, or it is signed by a key or an identity in the store's folder of keys. With `keys`, identities
    and files of public keys or identities, it has to be signed by one of these, whether it was made here or not.

    Its modules stay imported. A process can hold only one module of each name, so bundles with different modules of the same name need
    separate processes.
    """
    bundle = find(target, store=store)
    check_trust(bundle, store=store, trust=trust, keys=keys)
    return cast("Loaded", load_service(bundle, ledger=ledger_of(store_of(store).root)))


def find(target: str | Path | Tag | Bundle, *, store: Store | None = None) -> Bundle:
    """The bundle of a tag, such as `Tag("iris")`, `iris` or `iris:3`, of a folder's path, or of a URL; a bundle is returned as it is.

    A URL names a tag on a remote, such as `s3://bucket/store/iris:3`, or an archive, `https://.../iris.bento`. Any other text is a path if
    it has a `/` in it, or if there is a bundle's folder of that name here. The path of an archive is a BundleError: unpack it first.
    """
    if isinstance(target, Bundle):
        return target
    if isinstance(target, Tag):
        return store_of(store).get(target)
    if not isinstance(target, str | Path):
        raise BundleError(f"expected a bundle, a tag, a path or a URL, got {described(target)}")
    if isinstance(target, str) and is_url(target):
        return _find_elsewhere(target, store_of(store).root)
    path = Path(target)
    if path.suffix == _ARCHIVE and os.path.lexists(path) and not path.is_dir():
        raise BundleError(f"{str(path)!r} is an archive: take it into the store first, with `bento unpack {shlex.quote(str(path))}`")
    if isinstance(target, Path) or os.sep in target or os.path.lexists(path / MANIFEST):
        return open_bundle(path.absolute())
    return store_of(store).get(Tag.parse(target))


def _find_elsewhere(url: str, root: Path) -> Bundle:
    if url.startswith(("https:", "http:")):
        from .cache.download import downloaded

        return downloaded(url, root)
    from .cache.bundles import cached

    return cached(url, root)


def push(
    target: str | Path | Tag | Bundle,
    remote: str,
    *,
    store: Store | None = None,
    progress: Callable[[int], object] | None = None,
) -> str:
    """Verify a bundle, put it on a remote, such as `s3://bucket/store`, and return its URL there.

    Only files that the remote lacks are sent, and the tag appears when all of them are there. A bundle that is there already stays as it
    is; another one under the same tag is a StoreError. `progress` is called with the number of bytes that are there so far.
    """
    from .remotes.remote import Remote
    from .remotes.transfer import push_bundle

    bundle = find(target, store=store)
    place = Remote(remote)
    push_bundle(bundle, place, store, progress)
    return f"{place}/{bundle.tag}"


def pull(
    tag: str | Tag,
    remote: str,
    *,
    store: Store | None = None,
    trust: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Bundle:
    """Take a bundle from a remote into the store. None of its code runs; with `trust`, it may be loaded from now on without `trust` again.

    Only files that the store lacks are fetched, and each is checked before it is kept; what arrived before an interruption is not fetched
    again. `progress` is called with the number of bytes that are here so far.
    """
    from .remotes.remote import Remote
    from .remotes.transfer import fetch

    place = Remote(remote)
    offer = place.offer(Tag.parse(tag) if isinstance(tag, str) else tag)
    return fetch(offer, place, store_of(store), trust=trust, progress=progress).bundle


def unpack(file: str | Path, *, store: Store | None = None, trust: bool = False, progress: Callable[[int], object] | None = None) -> Bundle:
    """Take a `.bento` file into the store: `Store.unpack`."""
    return store_of(store).unpack(Path(file), trust=trust, progress=progress)


def verify(bundle: Bundle, progress: Callable[[int], object] | None = None, *, store: Store | None = None, anew: bool = True) -> None:
    """Compare every file of a bundle with its manifest; the first fault is a BundleError.

    A bill of materials that contradicts the manifest is a BundleError too. Large files that were verified before are read again, unless
    `anew` is false and nothing has touched them since.
    """
    bundles.verify(bundle, progress, ledger=ledger_of(store_of(store).root), anew=anew)
    check_sbom(bundle)
