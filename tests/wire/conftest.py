"""A service with an api for each form of request, and the transports that reach it."""

from __future__ import annotations

import pytest

from transports import Http, each_transport, ways_to

SERVICE = '''
import threading

import bento
import numpy as np
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter


class Wire(bento.Service):
    """Says what it understood of a request."""

    def setup(self):
        self.seen = []
        self.gate = threading.Event()

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=bento.Batch(size=8))
    def json(self, values):
        if "poison" in values:
            raise ValueError("the inside")
        return [{"value": value} for value in values]

    @bento.api(input=TextAdapter(), output=JsonAdapter())
    def text(self, text):
        return {"value": text}

    @bento.api(input=BytesAdapter(), output=JsonAdapter())
    def file(self, file):
        return {"value": file.hex(), "name": file.name}

    @bento.api(input=MultipartAdapter(image=BytesAdapter(), annotations=JsonAdapter(), optional=["annotations"]), output=JsonAdapter())
    def files(self, form):
        return {"image": form["image"].hex(), "annotations": form["annotations"]}

    @bento.api(input=ArrayAdapter(), output=JsonAdapter())
    def array(self, array):
        return {"value": array, "dtype": str(array.dtype)}

    @bento.api(input=JsonAdapter())
    def anything(self, kind):
        png = b"\\x89PNG"
        answers = {"text": "naïve", "bytes": [b"abc", png], "array": np.array([1.0, np.nan]), "file": png, "json": {"東": "京"}}
        return answers[kind]

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def order(self, number):
        self.seen.append(number)
        if number == 0:
            self.gate.wait(30)
        return self.seen

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def open_gate(self, _):
        self.gate.set()


service = Wire()
'''


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wire")
    (folder / "app.py").write_text(SERVICE)
    return folder


@pytest.fixture(scope="session")
def reach(project):
    with ways_to(project) as reach:
        yield reach


transport = each_transport()


@pytest.fixture
def http(reach):
    return reach(Http)
