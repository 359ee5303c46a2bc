"""Objects as YAML that is read alike by every reader of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """No anchors, and every text that begins with a digit in quotes: `1e3` is a number to some readers and none to PyYAML."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, value: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", value, style="'" if value[:1].isdigit() else None)


_Dumper.add_representer(str, _Dumper.text)


def as_yaml(title: str, objects: Iterable[Mapping[str, Any]]) -> str:
    """The documents of a file, under a comment."""
    documents = (yaml.dump(dict(each), Dumper=_Dumper, sort_keys=False, width=1000) for each in objects)
    return "---\n".join([f"# {title}\n", *documents])
