"""Which distribution a framework comes from."""

from __future__ import annotations

import pytest

from bento.artifacts import distribution_of


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Leaves behind the files that pip installs for a distribution with one package."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, package):
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / "__init__.py").touch()
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "RECORD").write_text(f"{package}/__init__.py,,\n")

    return install


def test_the_usual_distribution_is_required_unless_only_another_one_provides_the_module(install):
    assert distribution_of("parcels", "parcels-lib") == "parcels-lib"
    install("parcels-nightly", "parcels")
    install("parcels-gpu", "parcels")
    assert distribution_of("parcels", "parcels-lib") == "parcels-gpu"
    install("parcels-lib", "parcels")
    assert distribution_of("parcels", "parcels-lib") == "parcels-lib"
