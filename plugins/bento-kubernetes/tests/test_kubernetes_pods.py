"""The command, probes and stop of a manifest, applied to a server on this machine."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from bento_kubernetes import KnativePacker, KservePacker, KubernetesPacker
from ports import reserved
from running import eventually


def ask(port: int, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


@pytest.fixture
def port():
    with reserved() as (port,):
        yield port


@pytest.mark.parametrize("kind", [KubernetesPacker, KservePacker, KnativePacker], ids=lambda kind: kind.name)
def test_a_container_serves_where_its_probes_ask_and_stops_when_it_is_told_to(kind, bundle, manifest, tmp_path, port):
    document, *_ = manifest(kind(image="basket:3", port=port), bundle)
    pod = document["spec"]["predictor"] if kind is KservePacker else document["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (mount,) = container["volumeMounts"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    given = {"python3": sys.executable, "/bundle": str(tmp_path / "out/image/bundle"), mount["mountPath"]: str(scratch)}
    command = [given.get(word, word) for word in container["command"]]
    env = {variable["name"]: given[variable["value"]] for variable in container["env"]}
    with subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            ready = container["readinessProbe"]["httpGet"]["path"]
            assert eventually(lambda: server.poll() is not None or ask(port, ready)[0] == 200, 60)
            assert ask(port, container["livenessProbe"]["httpGet"]["path"])[0] == 200
            assert ask(port, "/metrics")[0] == 200
            assert ask(port, "/total", b'["tea", "coffee", "tea"]') == (200, b"10")
        finally:
            server.send_signal(signal.SIGTERM)
            output, _ = server.communicate(timeout=30)
    assert server.returncode == 0, output
    assert {path.name for path in tmp_path.iterdir()} == {"out", "scratch"}
