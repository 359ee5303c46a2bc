"""Whoever made a bundle, its values and the options get into a manifest only as their types allow."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bento import BentoError, Tag
from bento_kubernetes import KnativePacker, KservePacker, KubernetesPacker
from bento_kubernetes.pod import Pod
from bento_kubernetes.text import as_yaml

IMAGE = "registry.example.org/basket:3"
PACKERS = [KubernetesPacker, KservePacker, KnativePacker]
POISONS = [
    "\n---\nkind: Pod",
    "\nhostNetwork: true",
    ": {privileged: true}",
    " # canary",
    "&canary",
    "*canary",
    "!!python/object:os.system",
    "{{ .Values.canary }}",
    "$(touch canary)",
    "$CANARY",
    "'\"",
    "\x00",
    "\u2028",
    "\t",
]
# Source: Kubernetes, "Labels and Selectors", and RFC 1035 for the names of services.
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


@pytest.mark.parametrize("packer", PACKERS, ids=lambda packer: packer.name)
@pytest.mark.parametrize("field", ["name", "version"])
def test_a_poisoned_tag_that_bypassed_the_manifest_reader_is_refused(packer, field, save, tmp_path):
    bundle = save()
    for poison in POISONS:
        object.__setattr__(bundle.manifest, field, f"basket{poison}")
        with pytest.raises(BentoError, match=r"is not a (bundle name|version)"):
            packer(image=IMAGE).pack(bundle, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("packer", PACKERS, ids=lambda packer: packer.name)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("image", IMAGE),
        ("namespace", "models"),
        ("replicas", "1"),
        ("max_replicas", "2"),
        ("cpu", "1"),
        ("memory", "2Gi"),
        ("port", "3000"),
    ],
)
def test_a_poisoned_option_is_refused(packer, option, value):
    packer(**{"image": IMAGE, option: value})
    for poison in POISONS:
        with pytest.raises(BentoError, match=rf"\({option}=.*\): expected "):
            packer(**{"image": IMAGE, option: f"{value}{poison}"})


def texts_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for pair in value.items() for part in pair for each in texts_of(part)]
    return [each for part in value for each in texts_of(part)] if isinstance(value, list) else [value]


@given(
    name=st.from_regex(r"[a-z][a-z0-9._-]{0,20}[a-z0-9]", fullmatch=True).filter(lambda text: ".." not in text),
    version=st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,100}[A-Za-z0-9])?", fullmatch=True).filter(lambda text: ".." not in text),
    kind=st.sampled_from(PACKERS),
)
def test_any_tag_gives_a_name_and_labels_that_clusters_accept(name, version, kind):
    packer = kind(image=IMAGE, max_replicas=2)
    tag = Tag(name, version)
    objects = packer.objects(Pod(tag, packer.options))
    text = as_yaml(str(tag), objects)
    assert list(yaml.safe_load_all(text)) == objects
    for each in objects:
        assert NAME.fullmatch(each["metadata"]["name"])
        assert all(LABEL.fullmatch(label) for label in each["metadata"]["labels"].values())
        assert not {"y", "Y", "n", "N"} & set(re.findall(r": (\S+)$", text, re.MULTILINE))
