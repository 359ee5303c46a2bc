"""Objects as YAML that all YAML parsers read in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

# Booleans of YAML 1.1 that PyYAML writes and reads as texts. Source: yaml.org, "Boolean Language-Independent Type for YAML".
_TRUTHS = frozenset("yYnN")


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, and quotes texts that only PyYAML reads as texts: for other parsers `1e3` is a number and `y` a boolean."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, value: str) -> yaml.ScalarNode:
        quoted = value[:1].isdigit() or value in _TRUTHS
        return self.represent_scalar("tag:yaml.org,2002:str", value, style="'" if quoted else None)


_Dumper.add_representer(str, _Dumper.text)


def as_yaml(title: str, objects: Iterable[Mapping[str, Any]]) -> str:
    """The objects as the documents of a YAML file, after the title as a comment."""
    documents = (yaml.dump(dict(each), Dumper=_Dumper, sort_keys=False, width=1000) for each in objects)
    return "---\n".join([f"# {title}\n", *documents])
