"""bento: turn a trained model into a production endpoint.

A service is a class with a model slot and an api; `save` keeps it as a bundle, `bento serve` answers requests with it::

    class Iris(bento.Service):
        model = SklearnArtifact()

        @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), batch=True)
        def predict(self, rows):
            return self.model.predict(rows)

    bento.save(Iris(model=fitted))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .adapter import Adapter
from .api import Batch, Context, Timing, api
from .artifact import JSON, Artifact, Packed, instance_of, type_name
from .env import Env
from .errors import (
    ArtifactError,
    BadInput,
    BentoError,
    BundleError,
    DeadlineExceeded,
    DefinitionError,
    ExampleError,
    Forbidden,
    InvalidInput,
    NotFound,
    Overloaded,
    PackerError,
    PluginError,
    RemoteError,
    RequirementError,
    ServerError,
    SigningError,
    StoreError,
    TagError,
    TooLarge,
    UnsupportedMediaType,
    UntrustedError,
)
from .example import Example
from .hookspecs import hookimpl
from .packer import Packer
from .payload import Payload
from .service import Service
from .tag import Tag

if TYPE_CHECKING:
    from .bundle import Bundle
    from .bundle.signing.identity import Identity
    from .bundle.signing.identity_token import IdentityToken
    from .serving import Limits, serve
    from .serving.http.app import app
    from .serving.saving import save
    from .store import Store, load, pack, pull, push, sign

__all__ = [
    "JSON",
    "Adapter",
    "Artifact",
    "ArtifactError",
    "BadInput",
    "Batch",
    "BentoError",
    "Bundle",
    "BundleError",
    "Context",
    "DeadlineExceeded",
    "DefinitionError",
    "Env",
    "Example",
    "ExampleError",
    "Forbidden",
    "Identity",
    "IdentityToken",
    "InvalidInput",
    "Limits",
    "NotFound",
    "Overloaded",
    "Packed",
    "Packer",
    "PackerError",
    "Payload",
    "PluginError",
    "RemoteError",
    "RequirementError",
    "ServerError",
    "Service",
    "SigningError",
    "Store",
    "StoreError",
    "Tag",
    "TagError",
    "Timing",
    "TooLarge",
    "UnsupportedMediaType",
    "UntrustedError",
    "__version__",
    "api",
    "app",
    "hookimpl",
    "instance_of",
    "load",
    "pack",
    "pull",
    "push",
    "save",
    "serve",
    "sign",
    "type_name",
]

__version__ = "0.1.0"

# Saving, loading and serving are imported when they are first used, so that `import bento` stays fast.
_LAZY = {
    "Bundle": "bundle",
    "Identity": "bundle.signing.identity",
    "IdentityToken": "bundle.signing.identity_token",
    "Limits": "serving",
    "Store": "store",
    "app": "serving",
    "load": "store",
    "pack": "store",
    "pull": "store",
    "push": "store",
    "save": "serving.saving",
    "serve": "serving",
    "sign": "store",
}


# A type checker that saw this function would accept any name in `bento`, even a misspelt one.
if not TYPE_CHECKING:  # pragma: no branch - it is False whenever this runs

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module 'bento' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
