"""Compiled forms replace the server's Python if they are installed, belong to this release, and are not turned off."""

from __future__ import annotations

import logging
import subprocess
import sys
from types import ModuleType

import pytest

import bento
from bento import compiled

SCRIPT = """
import bento.serving.http.fast
from bento.compiled import is_compiled
from bento.serving.http.protocol import FastProtocol
print(is_compiled(), FastProtocol.data_received.__module__)
"""


WITHOUT_A_SERVER = """
import sys
import bento
from bento.adapters import JsonAdapter
from bento.payload import Payload
from bento.serving import answer

class Same(bento.Service):
    @bento.api(input=JsonAdapter(), batch=True)
    def same(self, values):
        return values

print(answer(Same(), "same", Payload(b"1", "application/json")).body, {"httptools", "uvicorn"} & set(sys.modules))
"""


def run(script: str = SCRIPT, **settings: str) -> str:
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=settings).stdout.strip()


def test_compiled_forms_are_used_if_they_are_installed():
    pytest.importorskip("bento_native", reason="bento-native is not compiled here")
    assert run() == "True bento_native.arriving"


def test_compiled_forms_are_not_used_if_they_are_turned_off():
    assert run(BENTO_NATIVE="0") == "False bento.serving.http.protocol"


@pytest.mark.parametrize("native", ["0", "1"])
def test_a_program_without_a_server_imports_no_server_packages(native):
    assert run(WITHOUT_A_SERVER, BENTO_NATIVE=native) == "b'1' set()"


def test_compiled_forms_of_another_release_are_not_used_and_the_log_says_so(monkeypatch, caplog):
    other = ModuleType("bento_native")
    other.__version__ = "9.9"
    other.FORMS = {}
    monkeypatch.setitem(sys.modules, "bento_native", other)
    monkeypatch.delenv("BENTO_NATIVE", raising=False)
    with caplog.at_level(logging.WARNING, "bento"):
        assert compiled.find() == {}
    own = bento.__version__
    assert caplog.messages == [
        f"bento-native 9.9 is not used: it goes with bento-core 9.9, and this is {own}: pip install bento-native=={own}"
    ]


def test_everything_is_python_if_compiled_forms_are_not_installed(monkeypatch):
    monkeypatch.delenv("BENTO_NATIVE", raising=False)
    monkeypatch.setitem(sys.modules, "bento_native", None)
    assert compiled.find() == {}


def test_a_folder_named_bento_native_is_not_taken_for_compiled_forms(monkeypatch):
    monkeypatch.delenv("BENTO_NATIVE", raising=False)
    monkeypatch.setitem(sys.modules, "bento_native", ModuleType("bento_native"))
    assert compiled.find() == {}
