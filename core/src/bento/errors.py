"""Every error bento raises, one class per thing a caller can do about it.

::

    BentoError                        anything bento refuses or fails at
    ├── DefinitionError               a service class, an api or an Env is written wrong: mend the code
    ├── ArtifactError                 a model is missing, of the wrong type, or cannot be saved or loaded
    ├── RequirementError              what the code imports, what Env asks and what is installed disagree
    ├── TagError                      a text is not a tag
    ├── BundleError                   a bundle is damaged, incomplete, or of an unknown format
    │   └── UntrustedError            it was made elsewhere and would run code: say so, or check a signature
    ├── SigningError                  a key, a token or a root of trust cannot be read or used: another one, or its mode
    ├── ExampleError                  a golden example does not hold: mend the service, or the example
    ├── StoreError                    the store cannot do it: name taken, disk full, folder unreadable
    │   ├── NotFound                  the store has no such bundle
    │   └── RemoteError               a remote cannot be reached, refuses, or holds something else
    ├── PluginError                   a plugin is unknown, broken, or in another one's way
    ├── PackerError                   a bundle cannot be packed so
    ├── ServerError                   the server cannot start or go on: port in use, a worker that cannot load
    ├── BadInput              400     a request is malformed
    │   ├── InvalidInput      422     well-formed, but not what the api takes
    │   ├── Forbidden         403     a page of another site, or a host name that is not ours
    │   ├── TooLarge          413     larger than a limit allows
    │   └── UnsupportedMediaType 415  nobody here reads this content type
    ├── Overloaded            503     the queue is full; `retry_after` says when to come back
    └── DeadlineExceeded      504     the time for an answer is over

`status` is the HTTP status a client sees. Everything below 500 shows its message to the client; the rest says nothing of the inside.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ArtifactError",
    "BadInput",
    "BentoError",
    "BundleError",
    "DeadlineExceeded",
    "DefinitionError",
    "ExampleError",
    "Forbidden",
    "InvalidInput",
    "NotFound",
    "Overloaded",
    "PackerError",
    "PluginError",
    "RemoteError",
    "RequirementError",
    "ServerError",
    "SigningError",
    "StoreError",
    "TagError",
    "TooLarge",
    "UnsupportedMediaType",
    "UntrustedError",
]


class BentoError(Exception):
    """The root of the tree: catch it to catch every error that bento raises on purpose."""

    status: ClassVar[int] = 500


class DefinitionError(BentoError, TypeError):
    """A service class, an api or an `Env` is written wrong."""


class ArtifactError(BentoError):
    """A model is missing, of the wrong type, or cannot be saved or loaded."""


class RequirementError(BentoError):
    """What the code imports, what `Env` asks for and what is installed here disagree."""


class TagError(BentoError, ValueError):
    """A text is not a tag."""


class BundleError(BentoError):
    """A bundle is damaged, incomplete, or of a format this bento does not read."""


class UntrustedError(BundleError):
    """A bundle was made elsewhere, and loading it would run its code."""


class SigningError(BentoError):
    """A key, an identity, a token or a root of trust cannot be read or used, or what uses it is not installed."""


class ExampleError(BentoError):
    """A golden example does not hold: the service gives another answer, or none."""


class StoreError(BentoError):
    """The store cannot do what was asked, and is as it was before."""


class NotFound(StoreError, LookupError):
    """The store has no such bundle."""

    status = 404


class RemoteError(StoreError):
    """A remote cannot be reached, refuses what was asked, or holds something other than expected."""


class PluginError(BentoError):
    """A plugin, or something that a plugin should provide, is unknown, broken or in conflict with another one."""


class PackerError(BentoError):
    """A bundle cannot be packed in this way."""


class ServerError(BentoError):
    """The server cannot start, or cannot go on."""


class BadInput(BentoError, ValueError):
    """A request is malformed. An adapter raises it from `decode`, an api from its own checks; the client reads its message."""

    status = 400


class InvalidInput(BadInput):
    """A request is well-formed, but not what the api takes."""

    status = 422


class Forbidden(BadInput):
    """A request came from a page of another site, or for a host that this server is not."""

    status = 403


class TooLarge(BadInput):
    """A request is larger than a limit allows."""

    status = 413


class UnsupportedMediaType(BadInput):
    """Nobody here reads this content type."""

    status = 415


class Overloaded(BentoError):
    """There is too much to do to answer a request in time. `retry_after` is in whole seconds."""

    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineExceeded(BentoError, TimeoutError):
    """The time a client or an api allows for an answer is over."""

    status = 504
