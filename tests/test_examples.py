"""Every example runs as it stands, in a process of its own, with a store of its own."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from commands import BENTO, Commands

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


@pytest.mark.parametrize(
    ("name", "api", "value", "answer"),
    [
        ("iris", "predict", "[[5.1, 3.5, 1.4, 0.2], [7.7, 3.0, 6.1, 2.3]]", [0, 2]),
        ("parcels", "quote", '{"zone": "europe", "grams": 1800}', 10.4),
    ],
)
def test_an_example_saves_a_bundle_that_answers(run, name, api, value, answer):
    assert f"saved {name}:" in run(sys.executable, EXAMPLES / f"{name}.py")
    assert json.loads(run(BENTO, "run", name, api, "--input", value)) == answer


def test_the_reviews_example_distinguishes_kind_and_unkind_reviews(run):
    run(sys.executable, EXAMPLES / "reviews.py")
    answers = run(BENTO, "run", "reviews", "judge", "--input", "what a lovely garden", "a dirty room and cold soup").splitlines()
    assert [json.loads(answer)["label"] for answer in answers] == ["kind", "unkind"]


def test_the_demo_goes_the_whole_way(run, tmp_path):
    shown = run(sys.executable, EXAMPLES / "demo.py")
    assert shown.count("\n200\n") == 3
    assert "  [0,1,2]\n" in shown
    assert f"export BENTO_HOME={tmp_path / 'home'}\n" in shown
    assert "serve iris:latest" in shown


def test_every_example_is_run_here_or_by_the_plugin_that_it_needs():
    tests = [path.read_text() for path in EXAMPLES.parent.glob("plugins/*/tests/*.py")]
    by_plugins = {name for text in tests for name in re.findall(r"examples/(\w+)\.py", text)}
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {"demo", "iris", "parcels", "reviews"} | by_plugins
