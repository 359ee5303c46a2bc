"""Every form in which clients of BentoML 0.13 send tables gets the results of its rows, over HTTP and on the command line."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import httpx
import pytest

from commands import BENTO
from running import started

APP = '''
import numpy as np
import bento
from bento_pandas import DataFrameAdapter


class Tables(bento.Service):
    """Give back what came."""

    @bento.api(input=DataFrameAdapter(), batch=True)
    def echo(self, table):
        return table

    @bento.api(input=DataFrameAdapter(orient="index"), batch=True)
    def labelled(self, table):
        return table["a"]

    @bento.api(input=DataFrameAdapter(columns=["a", "b"], dtype={"a": "int64", "b": "str"}), batch=bento.Batch(size=64, wait=0.2))
    def declared(self, table):
        table["c"] = table["b"] + table["a"].astype(str)
        return table[["c", "a"]]

    @bento.api(input=DataFrameAdapter(columns=["a"]), batch=True)
    def values(self, table):
        return table["a"].to_numpy()

    @bento.api(input=DataFrameAdapter(), batch=bento.Batch(size=64, wait=0.2))
    def kinds(self, table):
        return [",".join(f"{name}:{dtype}" for name, dtype in table.dtypes.items())] * len(table)

    @bento.api(input=DataFrameAdapter())
    def odd(self, table):
        return table.assign(gap=float("nan"), end=float("inf"), raw=[b"\\xff"] * len(table), name="München")

    @bento.api(input=DataFrameAdapter(), batch=True)
    def short(self, table):
        return table.iloc[1:]


service = Tables()

if __name__ == "__main__":
    bento.save(service)
'''
RECORDS = [{"a": 1, "b": "x"}, {"a": 2, "b": "ü"}]
FORMS = {
    "records": RECORDS,
    "records with their keys in any order": [{"b": "x", "a": 1}, {"a": 2, "b": "ü"}],
    "split": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "ü"]]},
    "split with its columns in another order": {"columns": ["b", "a"], "index": [7, 8], "data": [["x", 1], ["ü", 2]]},
    "columns by label": {"a": {"0": 1, "1": 2}, "b": {"1": "ü", "0": "x"}},
    "columns as lists": {"b": ["x", "ü"], "a": [1, 2]},
}
CSV = 'a,b\n1,x\n2,"ü"\n'
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture(scope="session")
def url(project):
    with started(project) as server:
        yield server.url
        assert server.stop() == 0


@pytest.fixture(scope="session")
def client(url):
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture
def post(client):
    def post(api, body, content_type="application/json", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(f"/{api}", content=content, headers={"Content-Type": content_type, **headers})

    return post


@pytest.fixture
def detail(post):
    """The status and message of a refused request; the message is never a traceback."""

    def detail(*request, **headers):
        answer = post(*request, **headers)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Traceback" not in answer.text
        return answer.status_code, answer.json()["detail"]

    return detail


class TestForms:
    @pytest.mark.parametrize("form", FORMS)
    def test_every_form_of_a_table_gets_one_result_for_each_row(self, post, form):
        answer = post("declared", FORMS[form])
        assert (answer.status_code, answer.json()) == (200, [{"c": "x1", "a": 1}, {"c": "ü2", "a": 2}])

    def test_rows_take_their_names_from_the_declared_columns(self, post):
        assert post("declared", [[1, "x"], [2, "ü"]]).json() == [{"c": "x1", "a": 1}, {"c": "ü2", "a": 2}]
        assert post("echo", [[1, "x"]]).json() == [{"0": 1, "1": "x"}]
        assert post("values", [5, 6]).json() == [5, 6]

    def test_an_object_of_exactly_three_keys_is_split_and_any_other_is_columns(self, post):
        assert post("echo", {"columns": ["a"], "index": [0], "data": [[1]]}).json() == [{"a": 1}]
        assert post("echo", {"columns": [1], "index": [2]}).json() == [{"columns": 1, "index": 2}]

    def test_the_index_form_is_read_if_it_is_declared(self, post):
        assert post("labelled", {"r": {"a": 1}, "s": {"a": 2}}).json() == [1, 2]

    @pytest.mark.parametrize("rows", [0, 1, 3, 200])
    def test_there_are_as_many_results_as_rows(self, post, rows):
        assert post("values", [{"a": number} for number in range(rows)]).json() == [*range(rows)]

    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    @pytest.mark.parametrize("charset", ["utf-8", "latin-1", "utf-16", "cp1252"])
    def test_csv(self, post, line_end, charset):
        body = 'b,a\n"x, ""y""",1\nü,2\n'.replace("\n", line_end).encode(charset)
        assert post("declared", body, f"text/csv; charset={charset}").json() == [{"c": 'x, "y"1', "a": 1}, {"c": "ü2", "a": 2}]

    def test_csv_is_utf8_where_no_charset_is_named_and_needs_no_last_line_end(self, post):
        assert post("declared", CSV.strip().encode(), "text/csv").json() == [{"c": "x1", "a": 1}, {"c": "ü2", "a": 2}]

    def test_the_charset_of_json_is_honoured(self, post):
        assert post("echo", '[{"a": "ü"}]'.encode("latin-1"), "application/json; charset=latin-1").json() == [{"a": "ü"}]


class TestOptions:
    def test_extra_columns_are_ignored(self, post):
        assert post("values", [{"z": 0, "a": 1, "b": 2}]).json() == [1]
        assert post("values", b"z,a\n0,1\n", "text/csv").json() == [1]

    @pytest.mark.parametrize(
        ("body", "content_type", "message"),
        [
            ([{"a": 1, "b": "x"}, {"a": 1}], "application/json", "row 1 lacks the column 'b': expected 'a', 'b'"),
            ({"a": [1]}, "application/json", "the table lacks the column 'b': expected 'a', 'b'"),
            ([[1, "x", 3]], "application/json", "expected a list of 2 values for row 0, got 3 values"),
            (b"a,b\n1,x,3\n", "text/csv", "expected 2 fields in row 0, as the header has, got 3"),
            (b"a\n1\n", "text/csv", "the table lacks the column 'b': expected 'a', 'b'"),
            (
                [{"a": 1.5, "b": "x"}],
                "application/json",
                f"column 'a': expected a whole number from {-(2**63)} to {2**63 - 1} for int64, got 1.5 in row 0",
            ),
            ([{"a": 1, "b": 2}], "application/json", "column 'b': expected a text, got 2 in row 0"),
        ],
    )
    def test_a_table_that_does_not_fit_is_422_and_no_value_gets_another_name(self, detail, body, content_type, message):
        assert detail("declared", body, content_type) == (422, message)


class TestTransport:
    @pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)])
    def test_compressed(self, post, encoding, pack):
        assert post("values", pack(b'[{"a": 1}]'), **{"Content-Encoding": encoding}).json() == [1]
        assert post("values", pack(b"a\n1\n"), "text/csv", **{"Content-Encoding": encoding}).json() == [1]

    def test_chunked(self, client):
        pieces = (piece for piece in (b'[{"a"', b": 1}, ", b'{"a": 2}]'))
        assert client.post("/values", content=pieces, headers=JSON).json() == [1, 2]

    def test_every_answer_has_the_id_of_its_request(self, post):
        assert post("values", [1], **{"X-Request-Id": "mine"}).headers["x-request-id"] == "mine"
        assert post("values", b"[").headers["x-request-id"]


class TestAnswers:
    def test_a_frame_is_records_and_an_array_or_series_is_values(self, post):
        assert post("echo", RECORDS).json() == RECORDS
        assert post("values", RECORDS).json() == [1, 2]
        assert post("labelled", {"r": {"a": 1}}).json() == [1]

    def test_json_is_strict_and_utf8_and_bytes_are_base64(self, post):
        answer = post("odd", [{"a": 1}])
        assert answer.headers["content-type"] == "application/json"
        assert answer.content == '[{"a":1,"gap":null,"end":null,"raw":{"b64":"/w=="},"name":"München"}]'.encode()

    def test_the_form_of_each_answer_is_decided_separately(self, post):
        types = ["text/csv", "application/json", "text/csv", "application/vnd.apache.parquet", "*/*"]
        answers = [post("echo", RECORDS, Accept=accept) for accept in types]
        assert [answer.headers["content-type"] for answer in answers] == [
            "text/csv; charset=utf-8",
            *types[1:2],
            "text/csv; charset=utf-8",
            types[3],
            types[1],
        ]
        assert answers[0].text == answers[2].text == "a,b\n1,x\n2,ü\n"
        assert answers[1].json() == answers[4].json() == RECORDS


class TestHarm:
    def test_only_the_guilty_request_of_a_batch_fails(self, together):
        bodies = [json.dumps([{"a": number, "b": "x"}]).encode() for number in range(20)]
        bodies[7] = b'[{"a": "no number", "b": "x"}]'
        bodies[11] = b'[{"a": 1'
        answers = together("declared", [(body, "application/json") for body in bodies])
        assert [answer.status_code for answer in answers] == [{7: 422, 11: 400}.get(number, 200) for number in range(20)]
        for number in {*range(20)} - {7, 11}:
            assert answers[number].json() == [{"c": f"x{number}", "a": number}]
        assert max(batched(answer) for answer in answers if answer.status_code == 200) > 1

    def test_no_request_changes_the_names_order_or_types_of_another(self, together):
        requests = [
            (b'[{"a": 1, "b": "x"}]', "application/json"),
            (b'[{"b": "x", "a": 1.5}]', "application/json"),
            (b"a,b\n007,x\n", "text/csv"),
            (b"b,a\nx,y\n", "text/csv"),
            (b'{"a": {"0": true}}', "application/json"),
            (b"[[1, 2.5]]", "application/json"),
        ]
        expected = ["a:int64,b:str", "b:str,a:float64", "a:int64,b:str", "b:str,a:str", "a:bool", "0:int64,1:float64"]
        assert [answer.json() for answer in together("kinds", requests * 3)] == [[kinds] for kinds in expected * 3]

    def test_a_result_of_another_length_is_an_error(self, detail):
        assert detail("short", [{"a": 1}, {"a": 2}])[0] == 500

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
    def test_json_under_the_types_of_a_cross_site_form_is_refused(self, detail, content_type):
        assert detail("values", b'[{"a": 1}]', content_type)[0] == 415

    @pytest.mark.parametrize("content_type", ["application/x-pickle", "application/vnd.bentoml+pickle", "application/octet-stream"])
    def test_no_internal_format_is_read(self, detail, content_type):
        assert detail("values", b"\x80\x04N.", content_type)[0] == 415

    @pytest.mark.parametrize("body", [b"[NaN]", b'[{"a": Infinity}]', b"[{'a': 1}]", b"", b"\xff"])
    def test_a_body_that_is_not_json_is_400(self, detail, body):
        assert detail("values", body)[0] == 400

    def test_another_method_is_405(self, client):
        answer = client.get("/values")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def batched(answer) -> int:
    return int(answer.headers["server-timing"].partition('batch;desc="')[2].rstrip('"'))


@pytest.fixture
def together(url):
    """Sends requests at once, and returns their answers in order."""

    async def send(api, requests):
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            posts = [client.post(f"/{api}", content=body, headers={"Content-Type": kind}) for body, kind in requests]
            return await asyncio.gather(*posts)

    return lambda api, requests: asyncio.run(send(api, requests))


@pytest.fixture(scope="session")
def store(project, tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("store")
    subprocess.run([sys.executable, "app.py"], cwd=project, env={**os.environ, "BENTO_HOME": str(home)}, check=True)
    return home


@pytest.fixture
def bento(store, tmp_path):
    def bento(*arguments: str, code: int = 0):
        command = [BENTO, "run", "tables", *arguments]
        environment = {**os.environ, "BENTO_HOME": str(store)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done

    return bento


class TestCommandLine:
    def test_one_line_for_each_item_in_order(self, bento):
        inputs = [json.dumps(form, ensure_ascii=False) for form in FORMS.values()]
        assert bento("declared", "--input", *inputs).stdout == '[{"c":"x1","a":1},{"c":"ü2","a":2}]\n' * len(FORMS)

    def test_files_are_read_by_their_suffix(self, bento, tmp_path):
        (tmp_path / "rows.csv").write_bytes(CSV.replace("\n", "\r\n").encode())
        (tmp_path / "rows.json").write_text(json.dumps(RECORDS))
        bento("echo", "--input-file", "rows.csv", "--output", "rows.parquet")
        bento("echo", "--input-file", "rows.parquet", "--output", "rows.arrow")
        files = ["rows.csv", "rows.json", "rows.parquet", "rows.arrow"]
        assert bento("values", "--input-file", *files).stdout == "[1,2]\n" * len(files)

    def test_the_type_of_a_value_can_be_named(self, bento):
        assert bento("values", "--content-type", "text/csv", "--input", "a\n1\n", "z,a\n0,2\n").stdout == "[1]\n[2]\n"

    def test_an_item_that_fails_leaves_its_line_empty_and_the_others_as_they_are(self, bento):
        done = bento("values", "--input", '[{"a": 1}]', '[{"b": 2}]', "[3]", code=1)
        assert done.stdout == "[1]\n\n[3]\n"
        assert done.stderr == "item 2: row 0 lacks the column 'a': expected 'a'\n"

    def test_an_answer_is_written_in_the_format_of_the_suffix_of_its_file(self, bento, tmp_path):
        bento("declared", "--input", json.dumps(RECORDS), "--output", "out.csv")
        assert (tmp_path / "out.csv").read_text() == "c,a\nx1,1\nü2,2\n"
