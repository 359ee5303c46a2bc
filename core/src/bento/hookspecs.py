"""The hooks: everything that a plugin can extend bento with.

A plugin is an installed distribution with an entry point in the group `bento` that names a module, and in that module::

    import bento
    from .artifact import ThingArtifact

    @bento.hookimpl
    def bento_register_artifacts():
        return [ThingArtifact]

Registration hooks return classes; the behaviour is in the classes. Event hooks only observe: an exception in one is logged with the
plugin's name and reaches neither a client nor another plugin. A hook may take any subset of the arguments given here; minor releases may
add hooks and arguments, and remove one only after a minor release that warns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    from starlette.routing import BaseRoute

    from .adapter import Adapter
    from .api import Context, Timing
    from .artifact import Artifact
    from .packer import Packer
    from .service import Service

PROJECT = "bento"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def bento_register_artifacts() -> Iterable[type[Artifact[Any]]]:
    """Model formats."""
    return ()


@hookspec
def bento_register_adapters() -> Iterable[type[Adapter[Any]]]:
    """Input and output types."""
    return ()


@hookspec
def bento_register_packers() -> Iterable[type[Packer]]:
    """Ways to ship a bundle."""
    return ()


@hookspec
def bento_register_commands() -> Iterable[click.Command]:
    """Sub-commands of `bento`; called only when the command line needs them."""
    return ()


@hookspec
def bento_register_routes(service: Service) -> Iterable[BaseRoute]:
    """Extra ASGI routes beside the service's apis, such as another protocol or a page."""
    return ()


@hookspec
def bento_service_started(service: Service) -> None:
    """A service is loaded and warmed up in this process and about to be ready."""


@hookspec
def bento_service_stopped(service: Service) -> None:
    """A service has answered its last request in this process."""


@hookspec
def bento_request_done(service: Service, api: str, context: Context, status: int, timing: Timing) -> None:
    """A request has been answered; called on the event loop while the answer is sent, so a slow hook delays it."""
