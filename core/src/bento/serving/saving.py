"""`bento.save`: saves a service in the store, after asking it its golden examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..store import service_to_save, store_of

if TYPE_CHECKING:
    from ..bundle import Bundle, Golden
    from ..service import Service
    from ..store import Store


def save(
    service: Service | object,
    name: str | None = None,
    *,
    version: str | None = None,
    store: Store | None = None,
    labels: Mapping[str, str] | None = None,
    examples: Sequence[object] = (),
    lock: bool = False,
) -> Bundle:
    """Save a packed service as a bundle in the store; a version that exists already is a StoreError.

    Instead of a service, you can pass a model and a name, as in `bento.save(model, "iris")`, if the plugin of the model's framework
    provides a service for it.

    `examples` are golden examples, `bento.Example(api, input)`, or bare inputs if the service has only one api. The service is asked each
    of them now, and by every server before it is ready. An example that does not hold, or is answered differently every time, is an
    ExampleError, and nothing is saved.

    With `lock`, uv, of `bento-core[lock]`, resolves everything that has to be installed for the bundle, and `requirements.lock` keeps it
    with its hashes: whatever the bundle is packed into installs exactly that.
    """
    packed = service_to_save(service, name)
    kept: Sequence[Golden] = ()
    if len(examples):
        from .examples import keep

        kept = keep(packed, examples)
    return store_of(store).save(packed, version=version, labels=labels, examples=kept, lock=lock)
