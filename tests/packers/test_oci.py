"""An image layout and its uses: no test needs Docker, and tests that need a tool say so if it is missing."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import platform
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jsonschema import ValidationError

from bento.bundle import open_bundle, verify
from bento.errors import PackerError
from bento.packers import OciPacker
from image_schemas import check_document, check_layout
from storage import docker_registry

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
needs_skopeo = pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo, of Debian's package of that name")
needs_registry = pytest.mark.skipif(not shutil.which("docker-registry"), reason="needs docker-registry, of Debian's package of that name")
needs_umoci = pytest.mark.skipif(not shutil.which("umoci"), reason="needs umoci, of Debian's package of that name")
needs_chroot = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root, to change the root folder")


@pytest.fixture
def small_base(tmp_path) -> Path:
    """A file system that holds one file."""
    with tarfile.open(tmp_path / "base.tar", "w") as archive:
        entry = tarfile.TarInfo("etc/base")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"base"))
    return tmp_path / "base.tar"


@pytest.fixture
def image(scale, root_tar, from_wheelhouse, tmp_path, monkeypatch) -> Path:
    for name, value in from_wheelhouse.items():
        monkeypatch.setenv(name, value)
    return OciPacker(base=str(root_tar)).pack(scale, tmp_path / "image")


def read(layout: Path, descriptor: dict) -> bytes:
    """A blob, checked against its descriptor."""
    algorithm, _, digest = descriptor["digest"].partition(":")
    content = (layout / "blobs" / algorithm / digest).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (descriptor["size"], digest)
    return content


def parts(layout: Path) -> tuple[dict, dict]:
    """An image's manifest and configuration."""
    (descriptor,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(read(layout, descriptor))
    return manifest, json.loads(read(layout, manifest["config"]))


def unpack(layout: Path, folder: Path) -> Path:
    """Lay the layers of an image on one another; none of ours takes anything away."""
    for descriptor in parts(layout)[0]["layers"]:
        with tarfile.open(fileobj=io.BytesIO(read(layout, descriptor))) as layer:
            layer.extractall(folder, filter="tar", numeric_owner=True)
    return folder


def test_a_layout_is_valid_by_the_specification(scale, small_base, tmp_path):
    layout = OciPacker(base=str(small_base), packages="base").pack(scale, tmp_path / "image")
    check_layout(layout)
    manifest, config = parts(layout)
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert {layer["mediaType"] for layer in manifest["layers"]} == {"application/vnd.oci.image.layer.v1.tar"}
    assert config["rootfs"] == {"type": "layers", "diff_ids": [layer["digest"] for layer in manifest["layers"]]}
    assert len(config["history"]) == len(manifest["layers"])
    assert (config["os"], config["architecture"]) == ("linux", ARCHITECTURE)
    named = {each["digest"].partition(":")[2] for each in (*manifest["layers"], manifest["config"])}
    (top,) = json.loads((layout / "index.json").read_text())["manifests"]
    assert {path.name for path in (layout / "blobs/sha256").iterdir()} == {*named, top["digest"].partition(":")[2]}


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("image-index", lambda index: index["manifests"][0].pop("digest")),
        ("image-manifest", lambda manifest: manifest["config"].update(size="1")),
        ("config", lambda config: config["rootfs"].update(type="folders")),
    ],
)
def test_the_schemas_of_the_specification_refuse_invalid_documents(scale, small_base, tmp_path, kind, spoil):
    layout = OciPacker(base=str(small_base), packages="base").pack(scale, tmp_path / "image")
    manifest, config = parts(layout)
    document = {"image-index": json.loads((layout / "index.json").read_text()), "image-manifest": manifest, "config": config}[kind]
    spoil(document)
    with pytest.raises(ValidationError):
        check_document(kind, json.dumps(document).encode())


def test_an_image_serves_as_a_user_without_rights(scale, small_base, tmp_path):
    settings = parts(OciPacker(base=str(small_base), packages="base").pack(scale, tmp_path / "image"))[1]["config"]
    assert settings["User"] == "10001:10001"
    assert settings["Cmd"] == ["sh", "-c", 'exec python3 -m bento serve /bundle --trust --host 0.0.0.0 --port "$PORT"']
    assert "PORT=3000" in settings["Env"]
    assert settings["Labels"]["org.opencontainers.image.version"] == "1"


def test_layers_are_ordered_from_rare_to_frequent_changes(image):
    steps = [entry["created_by"].rpartition(": ")[2] for entry in parts(image)[1]["history"]]
    assert steps == ["base", "requirements", "wheels", "artifacts/factor", "wheels", "code"]


def test_an_image_based_on_an_image_starts_with_its_layers_and_keeps_its_settings(scale, small_base, make_bundle, tmp_path):
    first = OciPacker(base=str(small_base), packages="base").pack(make_bundle(tmp_path / "iris"), tmp_path / "first")
    archive = Path(shutil.make_archive(str(tmp_path / "first"), "tar", first))
    for base in (first, archive):
        second = OciPacker(base=str(base), packages="base").pack(scale, tmp_path / f"{base.name}-second")
        check_layout(second)
        layers = [layer["digest"] for layer in parts(first)[0]["layers"]]
        assert [layer["digest"] for layer in parts(second)[0]["layers"]][: len(layers)] == layers
    assert (unpack(second, tmp_path / "root") / "etc/base").read_text() == "base"


def test_an_image_from_scratch_holds_the_bundle_alone(scale, tmp_path):
    layout = OciPacker(base="scratch", packages="base").pack(scale, tmp_path / "image")
    check_layout(layout)
    assert sorted(path.name for path in unpack(layout, tmp_path / "root").iterdir()) == ["bundle", "home"]
    verify(open_bundle(tmp_path / "root/bundle"))


def test_a_compressed_base_is_identified_by_its_unpacked_digest(scale, small_base, tmp_path):
    import gzip

    packed = tmp_path / "base.tar.gz"
    packed.write_bytes(gzip.compress(small_base.read_bytes()))
    manifest, config = parts(OciPacker(base=str(packed), packages="base").pack(scale, tmp_path / "image"))
    assert manifest["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
    assert config["rootfs"]["diff_ids"][0] == f"sha256:{hashlib.sha256(small_base.read_bytes()).hexdigest()}"


EXPECTED = "expected an image layout, as `skopeo copy docker://python:3.11-slim oci:python` makes one, or a file system as a tar"


def test_an_invalid_base_is_refused(scale, tmp_path):
    (tmp_path / "base").write_text("no image")
    with pytest.raises(PackerError) as caught:
        OciPacker(base=str(tmp_path / "base")).pack(scale, tmp_path / "image")
    assert str(caught.value).startswith(f"cannot start from {str(tmp_path / 'base')!r}: ReadError: ")
    assert str(caught.value).endswith(f" - {EXPECTED}")


@pytest.mark.parametrize("spoil", ["size", "digest", "path", "architecture"])
def test_a_base_that_does_not_match_its_digests_is_refused(scale, small_base, make_bundle, tmp_path, spoil):
    base = OciPacker(base=str(small_base), packages="base").pack(make_bundle(tmp_path / "iris"), tmp_path / "base")
    index = json.loads((base / "index.json").read_text())
    descriptor = index["manifests"][0]
    if spoil == "size":
        layer = parts(base)[0]["layers"][0]["digest"].partition(":")[2]
        (base / "blobs/sha256" / layer).write_bytes(b"")
    elif spoil == "digest":
        descriptor["digest"] = "sha256:" + "0" * 64
    elif spoil == "path":
        descriptor["digest"] = "sha256:../../../../etc/passwd"
    else:
        descriptor["platform"]["architecture"] = "s390x"
    (base / "index.json").write_text(json.dumps(index))
    with pytest.raises(PackerError, match=r"cannot start from '.*/base': .* - expected an image layout"):
        OciPacker(base=str(base), packages="base").pack(scale, tmp_path / "image")
    assert not (tmp_path / "image").exists()


def test_a_requirement_that_cannot_be_installed_is_named(make_bundle, small_base, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    bundle = make_bundle(tmp_path / "bundle", requirements=["bento-core==0.0.0"])
    with pytest.raises(PackerError) as caught:
        OciPacker(base=str(small_base)).pack(bundle, tmp_path / "image")
    assert str(caught.value) == "cannot install what iris:3 requires: ERROR: No matching distribution found for bento-core==0.0.0"


def test_packages_are_unpacked_beside_the_image_instead_of_in_the_temporary_folder(make_bundle, small_base, tmp_path, monkeypatch):
    # On many machines, the folder for temporary files is in memory.
    (tmp_path / "sitecustomize.py").write_text(f"import tempfile\nopen({str(tmp_path / 'told')!r}, 'w').write(tempfile.gettempdir())\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    bundle = make_bundle(tmp_path / "bundle", requirements=["bento-core==0.0.0"])
    with pytest.raises(PackerError):
        OciPacker(base=str(small_base)).pack(bundle, tmp_path / "image")
    assert Path((tmp_path / "told").read_text()).is_relative_to(tmp_path)


def test_a_warning_names_what_the_base_image_has_to_have(make_bundle, small_base, tmp_path, caplog):
    env = {"apt": ["libgomp1"], "base_image": None, "conda": None, "python_version": None, "setup": None}
    with caplog.at_level(logging.WARNING):
        OciPacker(base=str(small_base), packages="base").pack(make_bundle(tmp_path / "bundle", env=env), tmp_path / "image")
    assert caplog.messages == ["iris:3 needs a base image that has: libgomp1"]


def test_an_unknown_value_of_the_packages_option_is_refused():
    with pytest.raises(PackerError) as caught:
        OciPacker(base="python", packages="none")
    assert str(caught.value) == "OciPacker(packages='none'): expected 'install' or 'base'"


def test_installing_twice_gives_the_same_bytes(image, scale, root_tar, tmp_path):
    again = OciPacker(base=str(root_tar)).pack(scale, tmp_path / "again")
    assert (again / "index.json").read_bytes() == (image / "index.json").read_bytes()


@contextmanager
def running(layout: Path, root: Path, port: int) -> Iterator[subprocess.Popen]:
    """The command of an image in its unpacked root, as its user and with its variables."""
    settings = parts(layout)[1]["config"]
    variables = {**dict(pair.split("=", 1) for pair in settings["Env"]), "PORT": str(port)}
    command = ["chroot", f"--userspec={settings['User']}", root, *settings["Cmd"]]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            output, _ = server.communicate(timeout=30)
        assert server.returncode == 0, output


@needs_chroot
def test_an_image_answers_from_its_unpacked_root(image, tmp_path, port, asking, ready):
    root = unpack(image, tmp_path / "root")
    verify(open_bundle(root / "bundle"))
    with running(image, root, port) as server:
        assert ready(server, port)
        assert asking(port, "/multiply", b"21") == (200, b"42.0")


@pytest.fixture
def registry(tmp_path) -> Iterator[str]:
    """A registry of images on this machine."""
    with docker_registry(tmp_path) as elsewhere:
        yield elsewhere.url.removeprefix("oci://")


@needs_skopeo
@needs_registry
def test_a_registry_takes_an_image_and_gives_it_back(scale, small_base, registry, tmp_path):
    layout = OciPacker(base=str(small_base), packages="base").pack(scale, tmp_path / "image")
    skopeo = ["skopeo", "--insecure-policy", "copy", "--quiet"]
    there = f"docker://{registry}/scale:1"
    subprocess.run([*skopeo, "--dest-tls-verify=false", f"oci:{layout}", there], check=True, capture_output=True)
    subprocess.run([*skopeo, "--src-tls-verify=false", there, f"oci:{tmp_path / 'pulled'}:1"], check=True, capture_output=True)
    sent, got = parts(layout)[1], parts(tmp_path / "pulled")[1]
    assert got["rootfs"] == sent["rootfs"]
    assert got["config"] == sent["config"]


@needs_umoci
@needs_chroot
def test_umoci_unpacks_an_image(scale, small_base, tmp_path):
    layout = OciPacker(base=str(small_base), packages="base").pack(scale, tmp_path / "image")
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:1", tmp_path / "unpacked"], check=True, capture_output=True)
    verify(open_bundle(tmp_path / "unpacked/rootfs/bundle"))
    assert (tmp_path / "unpacked/rootfs/home/bento").stat().st_uid == 10001
