"""`bento openapi`: the description of a service's API."""

from __future__ import annotations

from pathlib import Path

import click

from ..command import Command, Keys, key_option, open_store, store_option, trust_option
from ..output import print_json


@click.command(
    cls=Command,
    examples="""
    bento openapi iris:latest
    bento openapi iris:service > openapi.json
    """,
)
@click.argument("target", metavar="TAG|PATH|URL|MODULE:SERVICE")
@key_option
@trust_option
@store_option
def command(target: str, *, keys: Keys, trust: bool, store_path: Path | None) -> None:
    """Print the OpenAPI document of a service.

    The server shows the same document at /openapi.json.
    """
    from ...serving import openapi, resolve

    found = resolve(target, store=open_store(store_path), trust=trust, keys=keys)
    print_json(openapi(found.load(), version=found.version))
