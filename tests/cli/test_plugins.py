"""`bento plugins`; what it says of plugins that fail is tested where they are installed."""

from __future__ import annotations

import json


def test_core_is_a_plugin_of_itself(bento):
    lines = bento("plugins").stdout.splitlines()
    assert lines[0].split() == ["NAME", "DISTRIBUTION", "BRINGS"]
    assert lines[1].startswith("core ")


def test_one_plugin_is_shown_for_programs(bento):
    record = json.loads(bento("plugins", "core", "--json").stdout)
    assert {key: record[key] for key in ("name", "distribution", "module", "error", "lacks")} == {
        "name": "core",
        "distribution": "bento-core",
        "module": "bento.builtins",
        "error": None,
        "lacks": [],
    }
    assert {"array", "file", "json", "pickle", "text"} <= set(record["artifacts"])


def test_a_plugin_that_is_not_there_is_answered_with_those_that_are(bento):
    assert bento("plugins", "torchy", code=1).stderr.startswith("Error: no plugin named 'torchy': installed are core")
