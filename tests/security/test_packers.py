"""Whoever made the bundle, a packer writes each value of its manifest only as what the type of the value says."""

from __future__ import annotations

import pytest

from bento.errors import BundleError, PackerError
from bento.packers import DockerPacker, HerokuPacker, LambdaPacker, SagemakerPacker, SystemdPacker, WheelPacker
from bundles import API
from every_packer import PACKERS

WRITERS = [packer for packer in PACKERS if packer.name not in ("archive", "folder")]
"""The packers that write what a manifest says, and not only the manifest itself."""
CANARY = "touch /canary"
POISONS = [
    f"\nRUN {CANARY}",
    f"\r\nRUN {CANARY}",
    f"$({CANARY})",
    f"`{CANARY}`",
    f"; {CANARY}",
    f" && {CANARY}",
    f" | {CANARY}",
    "${PATH}",
    " \\\n",
    "\x00",
    "\u2028RUN id",
    " --index-url=http://canary.example",
    " @ http://canary.example/x.whl",
    " AS base",
    "'\"",
]
FIELDS = {
    "name": "iris{}",
    "version": "3{}",
    "python": "3.11.7{}",
    "requirements": ["numpy==2.1.0{}"],
    "env.apt": ["libgomp1{}"],
    "env.base_image": "python:3.11-slim{}",
    "env.python_version": "3.11{}",
    "env.setup": "src/setup.sh{}",
}


def poisoned(field: str, poison: str):
    value = FIELDS[field]
    return [text.format(poison) for text in value] if isinstance(value, list) else value.format(poison)


def smuggle(bundle, field: str, poison: str) -> None:
    """Put a value into a manifest without its checks, as a reader with a hole would."""
    target, _, name = f"manifest.{field}".rpartition(".")
    record = bundle
    for step in target.split("."):
        record = getattr(record, step)
    value = poisoned(field, poison)
    object.__setattr__(record, name, tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_manifest_with_a_poisoned_field_is_refused_when_it_is_read(make_bundle, tmp_path, field, poison):
    env = {"apt": [], "base_image": None, "conda": None, "python_version": None, "setup": None}
    outer, _, inner = field.partition(".")
    fields = {"env": {**env, inner: poisoned(field, poison)}} if inner else {outer: poisoned(field, poison)}
    with pytest.raises(BundleError, match=r"bento\.json: expected"):
        make_bundle(tmp_path / "bundle", **fields)


@pytest.mark.parametrize("packer", WRITERS, ids=lambda packer: packer.name)
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_poisoned_field_that_got_past_the_reader_is_refused_by_the_packer(make_bundle, tmp_path, packer, field):
    for poison in POISONS:
        bundle = make_bundle(tmp_path / "bundle")
        smuggle(bundle, field, poison)
        with pytest.raises(PackerError):
            packer.pack(bundle, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_marker_that_pip_would_expand_is_refused_by_the_packer(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle")
    requirement = "numpy==2.1.0; extra == '${HOME}'"
    object.__setattr__(bundle.manifest, "requirements", (requirement,))
    with pytest.raises(PackerError) as caught:
        DockerPacker().pack(bundle, tmp_path / "image")
    assert str(caught.value) == f"cannot write {requirement!r} to a requirements file: expected one like 'scikit-learn==1.5.0'"


@pytest.mark.parametrize("packer", WRITERS, ids=lambda packer: packer.name)
@pytest.mark.parametrize("path", ["src{}/iris.py", "iris{}.py", "wheels/flowers{}-1.0-py3-none-any.whl"])
def test_a_poisoned_path_is_refused_by_the_packer(make_bundle, tmp_path, packer, path):
    for poison in POISONS:
        bundle = make_bundle(tmp_path / "bundle")
        object.__setattr__(bundle.manifest.files[0], "path", path.format(poison))
        with pytest.raises(PackerError):
            packer.pack(bundle, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize(
    ("packer", "option", "value"),
    [
        (DockerPacker, "base_image", "python:3.11-slim"),
        (DockerPacker, "gpu", "nvidia"),
        (SystemdPacker, "folder", "/opt/iris"),
        (SystemdPacker, "listen", "127.0.0.1:3000"),
        (SystemdPacker, "workers", "4"),
        (WheelPacker, "version", "1.0"),
    ],
)
def test_a_poisoned_option_is_refused(packer, option, value, poison):
    packer(**{option: value})
    with pytest.raises(PackerError):
        packer(**{option: f"{value}{poison}"})


CONDA = {"channels": "conda-forge", "dependencies": "gdal=3.9"}
CONDA_POISONS = {
    "channels": [
        *(f"conda-forge{poison}" for poison in POISONS),
        *("", "-c", "--override-channels", "file:///etc", "/srv/channel", "../channel", "http://conda.example/main", "${CHANNEL}"),
        *("https://user:canary@conda.example/main", "https://conda.example/t/canary/main", "t/canary", "defaults\n  - evil"),
    ],
    "dependencies": [
        *(f"gdal=3.9{poison}" for poison in POISONS),
        *("", "-n base", "--file=/etc/passwd", "GDAL", "../gdal", "gdal.tar.bz2#md5", "gdal[url=file:///x]", "gdal @ file:///x"),
        *("https://conda.example/gdal.conda", "https://user:canary@conda.example/main::gdal", "https://conda.example/t/canary::gdal"),
    ],
}


def conda(field: str, poison: str) -> dict[str, list[str]]:
    return {name: [poison if name == field else value] for name, value in CONDA.items()}


def env(made: dict[str, list[str]]) -> dict[str, object]:
    return {"apt": [], "base_image": None, "conda": made, "python_version": None, "setup": None}


@pytest.mark.parametrize(("field", "expected"), [("channels", "a conda channel like"), ("dependencies", "a conda dependency like")])
def test_a_poisoned_conda_environment_is_refused_when_it_is_read(make_bundle, tmp_path, field, expected):
    for poison in CONDA_POISONS[field]:
        with pytest.raises(BundleError, match=rf"bento\.json: expected {expected} .* - at \$\.env\.conda\.{field}\[0\]"):
            make_bundle(tmp_path / "bundle", env=env(conda(field, poison)))


# Not `oci`, which writes no environment: its base image has to have one.
@pytest.mark.parametrize("packer", [DockerPacker, HerokuPacker, LambdaPacker, SagemakerPacker, SystemdPacker, WheelPacker])
@pytest.mark.parametrize("field", CONDA)
def test_a_poisoned_conda_environment_that_got_past_the_reader_is_refused_by_the_packer(make_bundle, tmp_path, packer, field):
    files = {"environment.yml": b"", "src/iris.py": b"import bento\n"}
    bundle = make_bundle(tmp_path / "bundle", files, env=env(conda("", "")), apis=[API])
    for poison in CONDA_POISONS[field]:
        object.__setattr__(bundle.manifest.env.conda, field, (poison,))
        with pytest.raises(PackerError):
            packer().pack(bundle, tmp_path / "out")
        assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
