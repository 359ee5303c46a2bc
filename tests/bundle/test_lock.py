"""A lock names everything to install, with its hashes, but not where it came from."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bento.bundle import verify
from bento.bundle.installed.environment import Environment
from bento.bundle.installed.wheels import build_wheel
from bento.bundle.requirements.indexes import index_settings
from bento.errors import RequirementError
from bento.packers.lock import parse_lock
from ports import reserved


@pytest.fixture
def index(wheelhouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels made for the test, which is all that pip is configured to use."""
    folder = tmp_path / "my wheels"
    folder.mkdir()
    for wheel in wheelhouse.iterdir():
        (folder / wheel.name).symlink_to(wheel)
    links = tmp_path / "wheels"
    links.symlink_to(folder)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(links),
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_HTTP_RETRIES": "0",
    }.items():
        monkeypatch.setenv(name, value)
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refusal(project: Any) -> str:
    with pytest.raises(RequirementError) as caught:
        project.save_iris({}, lock=True)
    assert project.leftovers() == []
    return str(caught.value)


def test_everything_is_locked_in_the_version_that_is_installed_with_the_hashes_of_its_files(project: Any, index: Path) -> None:
    bundle = project.save_iris({}, lock=True)
    locked = parse_lock((bundle.path / "requirements.lock").read_text())
    installed = Environment.read().distributions
    assert {name: each.version for name, each in locked.items()} == {name: installed[name].version for name in locked}
    assert {"bento-core", "anyio", "numpy", "uvicorn"} <= locked.keys()
    files = {digest(path) for path in index.iterdir()} | {digest(path) for path in (bundle.path / "wheels").iterdir()}
    assert {hash_ for each in locked.values() for hash_ in each.hashes} <= files
    verify(bundle)


def test_a_lock_is_reproducible_and_does_not_tell_where_packages_came_from(project: Any, index: Path) -> None:
    texts = [(project.save_iris({}, to=name, lock=True).path / "requirements.lock").read_text() for name in ("one", "other")]
    assert texts[0] == texts[1]
    first, *lines = texts[0].splitlines()
    assert first == "--find-links wheels"
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[\w.+!]+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line)] == []


def test_the_bill_of_materials_names_everything_that_is_locked(project: Any, index: Path) -> None:
    bundle = project.save_iris({}, lock=True)
    locked = parse_lock((bundle.path / "requirements.lock").read_text()).values()
    document = json.loads((bundle.path / "sbom.cdx.json").read_text())
    named = {each["purl"] for each in document["components"] if each["type"] == "library"}
    assert named == {f"pkg:pypi/{each.name}@{each.version}" for each in locked}
    assert len(document["dependencies"][0]["dependsOn"]) < len(named)


def test_a_bundle_has_no_lock_unless_it_is_asked_for(project: Any) -> None:
    assert not (project.save_iris({}).path / "requirements.lock").exists()


def test_a_lock_prefers_the_installed_version_to_a_newer_one(project: Any, index: Path, site: Any) -> None:
    site.install("flowers", {"flowers.py": ""}, version="1.0")
    site.install("garden", {"garden.py": ""}, requires="flowers>=1")
    for name in ("flowers", "garden"):
        build_wheel(Environment.read().distributions[name], index)
    newer = index / "flowers-2.0-py3-none-any.whl"
    with zipfile.ZipFile(index / "flowers-1.0-py3-none-any.whl") as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("1.0", "2.0"), old.read(name).replace(b"1.0", b"2.0"))
    bundle = project.save_iris({"iris.py": project.IRIS.replace("return", "import garden\n            return")}, lock=True)
    assert parse_lock((bundle.path / "requirements.lock").read_text())["flowers"].version == "1.0"


def test_without_uv_the_error_says_what_to_install(project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(project) == "a lock is made by uv, which is not installed: pip install 'bento-core[lock]'"


def test_a_package_that_no_index_has_is_named(project: Any, index: Path) -> None:
    (numpy,) = index.glob("numpy-*")
    numpy.unlink()
    assert refusal(project).startswith(
        "cannot lock what 'iris' requires: No solution found when resolving dependencies: Because numpy was not "
    )


def test_an_index_that_does_not_answer_is_distinguished_from_one_that_lacks_a_package(
    project: Any, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    with reserved() as (port,):
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@127.0.0.1:{port}/simple")
        message = refusal(project)
    assert message.startswith("cannot lock what 'iris' requires, because no package index answers: ")
    assert message.endswith(": name one that does, as in PIP_INDEX_URL=https://...")
    assert "secret" not in message


def test_a_setting_of_uv_that_changes_the_form_of_a_lock_is_refused(
    project: Any, index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "uv.toml").write_text(
        f'no-index = true\nfind-links = ["{index.as_posix()}"]\n[pip]\nno-strip-markers = true\nemit-find-links = true\n'
    )
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.delenv("PIP_FIND_LINKS")
    message = refusal(project)
    assert message.startswith("cannot lock what 'iris' requires: expected a requirement with its hashes, and each once, got ")
    assert message.endswith(": is there a setting of uv that adds to what it writes?")


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of pip."""
    for name in ("PIP_CERT", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    return tmp_path / "pip.conf"


def test_uv_asks_the_indexes_that_pip_asks(pip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip.write_text("[global]\nindex-url = https://one.example/simple\nextra-index-url =\n  https://two.example\n  https://three.example\n")
    monkeypatch.setenv("PIP_INDEX_URL", "https://own.example/simple")
    options, environ = index_settings()
    assert options == []
    assert (
        environ.items()
        >= {
            "UV_DEFAULT_INDEX": "https://own.example/simple",
            "UV_INDEX": "https://two.example https://three.example",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
        }.items()
    )


def test_uv_uses_the_proxy_certificates_and_timeout_of_pip(pip: Path) -> None:
    pip.write_text("[global]\nproxy = http://proxy.example:3128\nclient-cert = /own.pem\ncert = /all.pem\ntimeout = 60\n")
    _, environ = index_settings()
    way = {"ALL_PROXY": "http://proxy.example:3128", "SSL_CLIENT_CERT": "/own.pem", "SSL_CERT_FILE": "/all.pem", "UV_HTTP_TIMEOUT": "60"}
    assert environ.items() >= way.items()


def test_the_no_index_setting_of_pip_applies_to_uv(pip: Path) -> None:
    pip.write_text("[global]\nfind-links = /a /b\n[install]\nno-index = true\n")
    options, environ = index_settings()
    assert (options, environ["UV_FIND_LINKS"]) == (["--no-index"], "/a,/b")


def test_settings_of_uv_take_precedence_over_those_of_pip(pip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip.write_text("[global]\nindex-url = https://one.example/simple\n")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert index_settings() == ([], {})
