"""What is to be served: a service in hand, a saved bundle by tag or path, or `module:service` from the current folder."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..bundle import Bundle, Golden, read_examples
from ..errors import BundleError, DefinitionError, NotFound, TagError
from ..service import Service, described
from ..store import check_trust, find, load
from ..tag import Tag

if TYPE_CHECKING:
    from ..bundle.signing.identity import Identity
    from ..store import Store


@dataclass(frozen=True, slots=True)
class Target:
    """A service that can be loaded; `folders` hold the code to watch for `--reload`, none for a saved bundle.

    A target that is `in_hand` is loaded already, and cannot be loaded anew.
    """

    title: str
    version: str
    load: Callable[[], Service]
    folders: tuple[Path, ...] = ()
    in_hand: bool = False
    examples: Callable[[], tuple[Golden, ...]] = tuple
    """Reads the golden examples, once the service is loaded."""


def resolve(
    target: Service | Bundle | Tag | str | Path,
    *,
    store: Store | None = None,
    trust: bool = False,
    keys: Sequence[str | Path | Identity] = (),
) -> Target:
    """Find what `target` names, without loading it. Trust is checked here, so that a refusal comes before a port is taken."""
    if isinstance(target, Service):
        return Target(target.name, "unsaved", lambda: target, in_hand=True)
    if not isinstance(target, Bundle | Tag | str | Path):
        raise DefinitionError(f"expected a service, a bundle, a tag, a path or a URL, got {described(target)}")
    try:
        bundle = find(target, store=store)
    except (BundleError, NotFound, TagError) as error:
        if not isinstance(target, str):
            raise
        if names_module(target):
            return Target(
                target, "unsaved", partial(import_service, target, before=f"the store has no bundle {target}, and "), (Path.cwd(),)
            )
        raise type(error)(f"{error}{_file_meant(target)}") from error.__cause__
    check_trust(bundle, store=store, trust=trust, keys=keys)
    return Target(
        str(bundle.tag),
        bundle.tag.version,
        lambda: load(bundle, store=store, trust=trust, keys=keys),
        examples=partial(read_examples, bundle) if bundle.manifest.examples else tuple,
    )


def import_service(reference: str, *, before: str = "") -> Service:
    """The service that `module:name` names. Anything else is a DefinitionError; `before` begins the message if the module lacks the
    name."""
    module_name, _, name = reference.partition(":")
    _add_current_folder()
    module = importlib.import_module(module_name)
    if not hasattr(module, name):
        services = ", ".join(sorted(key for key, value in vars(module).items() if isinstance(value, Service)))
        raise DefinitionError(f"{before}module {module_name!r} has no {name!r}: its services are {services or 'none'}")
    service = getattr(module, name)
    if isinstance(service, type) and issubclass(service, Service):
        raise DefinitionError(f"{reference} is a class: name an instance of it, as in `service = {name}(...)`, {module_name}:service")
    if not isinstance(service, Service):
        raise DefinitionError(f"{reference} is a {type(service).__name__}: expected a bento.Service")
    return service


def names_module(text: str) -> bool:
    """Whether a text is `module:service` with a module that can be found from the current folder; it is not imported."""
    module, colon, name = text.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        return False
    _add_current_folder()
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # the latter for `__main__`
        return False


def _file_meant(text: str) -> str:
    """A hint for a user who wrote a module's file instead of its name, as the end of an error message; "" if there is none."""
    name, _, service = text.partition(":")
    file = Path(f"{name.removesuffix('.py')}.py")
    if file.is_absolute() or not file.is_file():
        # Names of services are identifiers without digits; versions seldom are.
        is_service = service != "latest" and service.isidentifier() and not any(map(str.isdigit, service))
        return f"; nor is there a module {name!r} to import from {Path.cwd()}" if is_service else ""
    known = service if service.isidentifier() and service != "latest" else "service"
    return f"; the service of {file} is written {'.'.join(file.with_suffix('').parts)}:{known}"


def _add_current_folder() -> None:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
