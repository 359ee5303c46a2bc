"""`bento doctor`."""

from __future__ import annotations

import json

from bento import Store


def test_a_bundle_saved_here_finds_everything(bento):
    lines = bento("doctor", "shop:2").stdout.splitlines()
    assert lines[0].split() == ["WHAT", "BUNDLE", "HERE", "RESULT"]
    assert {line.split()[-1] for line in lines[1:-2]} == {"ok"}
    assert lines[-2:] == ["", "shop:2 finds everything here"]


def test_a_finding_that_prevents_loading_is_an_exit_status_with_the_way_out(bento, make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "there", requirements=["no-such-package==1.0"], python="3.99.1")
    shown = bento("doctor", bundle.path, code=1).stdout
    assert ["package", "no-such-package", "1.0", "none", "missing"] in [line.split() for line in shown.splitlines()]
    assert shown.endswith(f"\npackages: pip install --requirement {bundle.path / 'requirements.txt'}\n")
    assert "\ntrust: iris:3 was not made here: loading it would run its code\n" in shown


def test_a_package_of_another_version_does_not_fail_the_examination(bento, make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "there", requirements=["numpy==0.1"])
    record = json.loads(bento("doctor", bundle.path, "--json").stdout)
    assert (record["tag"], record["loads"]) == ("iris:3", True)
    assert {finding["name"]: finding["result"] for finding in record["findings"] if finding["kind"] == "package"} == {"numpy": "differs"}


def test_a_damaged_bundle_is_a_finding(bento, home):
    path = Store(home).get("shop:2").path
    (path / "README.md").unlink()
    (path / "README.md").write_text("nothing")
    record = json.loads(bento("doctor", "shop:2", "--json", code=1).stdout)
    assert record["findings"][0]["here"] == "damaged"
    assert record["findings"][0]["advice"].startswith("bundle shop:2 is damaged: 'README.md' has 7 bytes, expected ")


def test_a_missing_bundle_has_another_exit_status_than_missing_packages(bento):
    assert bento("doctor", "shop:3", code=2).stderr.startswith("Error: no bundle shop:3 ")


def test_no_code_of_the_bundle_runs(bento, make_bundle, tmp_path):
    files = {"src/iris.py": f"open({str(tmp_path / 'ran')!r}, 'w')\n".encode()}
    bento("doctor", make_bundle(tmp_path / "there", files, requirements=[]).path)
    assert not (tmp_path / "ran").exists()
