"""`bento check`."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

LOUD = """
import bento
from bento.adapters import TextAdapter

class Loud(bento.Service):
    @bento.api(input=TextAdapter(), output=TextAdapter())
    def shout(self, text):
        if {} and text:
            raise ValueError("the inside")
        return text.upper()

service = Loud()
"""


@pytest.fixture
def loud(tmp_path):
    (tmp_path / "loud.py").write_text(LOUD.format(False))
    return tmp_path


def test_a_service_that_keeps_its_promises_passes_and_leaves_no_file(loud, bento_process, monkeypatch):
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY")
    done = bento_process("check", "loud:service", "--draws", "5", cwd=loud)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "CHECK                                                    RESULT",
        "answers are what openapi says                            ok",
        "no request makes it fail                                 ok",
        "requests at once are answered as each alone              ok",
        "the golden examples hold                                 left out",
        "the schemas are valid and the example shown is answered  ok",
        "what is malformed is refused                             ok",
        "",
        "the golden examples hold: it has no golden examples: keep some with bento.save(service, examples=[...])",
    ]
    assert [path.name for path in loud.iterdir() if path.name not in ("__pycache__", "home")] == ["loud.py"]


def test_the_files_of_hypothesis_are_left_only_in_the_folder_configured_for_it(loud, bento_process, monkeypatch, tmp_path):
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "tables"))
    bento_process("check", "loud:service", "--draws", "5", cwd=loud)
    assert any((tmp_path / "tables").iterdir())
    assert [path.name for path in loud.glob(".*")] == []


def test_a_check_that_fails_shows_the_smallest_request_and_ends_with_1(loud, bento_process):
    (loud / "loud.py").write_text(LOUD.format(True))
    done = bento_process("check", "loud:service", "--draws", "20", cwd=loud)
    assert done.returncode == 1
    assert "no request makes it fail                                 failed\n" in done.stdout
    assert done.stdout.count("the inside") == 1
    assert "  curl http://127.0.0.1:3000/shout -H 'Content-Type: text/plain' --data-binary 0\n" in done.stdout


def test_a_program_reads_json(loud, bento_process):
    (loud / "loud.py").write_text(LOUD.format(True))
    done = bento_process("check", "loud:service", "--draws", "20", "--json", cwd=loud)
    outcomes = {outcome["check"]: outcome for outcome in json.loads(done.stdout)}
    assert outcomes["no request makes it fail"]["result"] == "failed"
    assert outcomes["no request makes it fail"]["curl"].startswith("curl ")
    malformed = outcomes["what is malformed is refused"]
    assert (malformed["result"], malformed["reason"], malformed["curl"]) == ("ok", "", "")
    assert malformed["seconds"] > 0


@pytest.mark.parametrize("missing", ["hypothesis", "jsonschema"])
def test_without_the_extra_an_error_says_what_to_install(bento, monkeypatch, missing):
    for name in [name for name in sys.modules if name.startswith("bento.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    done = bento("check", "shop:1", code=2)
    assert done.stderr == f"Error: checking a service needs {missing!r}, of an extra: pip install 'bento-core[testing]'\n"


def test_a_bundle_of_strangers_is_not_checked_without_trust(bento, home, tmp_path):
    (home / "bundles/shop/1").rename(tmp_path / "foreign")
    shutil.rmtree(home)
    done = bento("check", tmp_path / "foreign", code=2)
    assert "shop:1 was not made here: loading it would run its code" in done.stderr


def test_a_check_that_is_interrupted_has_no_answer(bento, tmp_path, monkeypatch):
    (tmp_path / "interrupted.py").write_text("raise KeyboardInterrupt")
    monkeypatch.chdir(tmp_path)
    assert bento("check", "interrupted:service", code=2).stderr == "\nAborted!\n"
