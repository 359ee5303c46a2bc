"""What users call: on the usual store, `$BENTO_HOME` or `~/.bento`, unless they name another."""

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
        """A service of a class that only its bundle knows: a type checker lets it have any slot and any api."""

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

    Its files are verified first. A bundle that was neither made here nor trusted before is an UntrustedError, unless `trust` is
    given, or it is signed by a key or an identity in the store's folder of keys: loading a bundle runs its code. With `keys`, identities
    and files of public keys or identities, it has to be signed by one of these, whether it was made here or not.

    Its modules stay in this process, which has one of each name: bundles that have different ones by the same name need a process each.
    """
    bundle = find(target, store=store)
    check_trust(bundle, store=store, trust=trust, keys=keys)
    return cast("Loaded", load_service(bundle, ledger=ledger_of(store_of(store).root)))


def find(target: str | Path | Tag | Bundle, *, store: Store | None = None) -> Bundle:
    """The bundle that a tag, such as `Tag("iris")`, `iris` or `iris:3`, the path of a bundle's folder or a URL names; a bundle is itself.

    A URL is that of a tag on a remote, such as `s3://bucket/store/iris:3`, or of an archive, `https://.../iris.bento`. Any other text is a
    path when it has a `/` in it, or when there is a bundle's folder or an archive of that name here.
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
    """Put a bundle, after verifying it, on a remote, such as `s3://bucket/store`, and return the URL that it has there.

    Only files that the remote lacks are sent, and the tag appears when all are there. A bundle that is there already stays as it is;
    another one under the same tag is a StoreError. `progress` is told how many bytes are there.
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
    """Take a bundle of a remote into the store. Nothing in it runs; with `trust` it may be loaded from now on without saying so again.

    Only files that the store lacks are fetched, and each is checked before it is kept; what had arrived before an interruption is not
    asked for again. `progress` is told how many bytes are here.
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

    So is a bill of materials that says something else than the manifest. Large files that were verified before are read again, unless
    `anew` is false and nothing has touched them.
    """
    bundles.verify(bundle, progress, ledger=ledger_of(store_of(store).root), anew=anew)
    check_sbom(bundle)
