"""Tables are read alike through every transport: HTTP, the command line, and events of AWS Lambda."""

from __future__ import annotations

import gzip
import io
import json

import pandas as pd
import pytest

from lambdas import body_of
from transports import COMPRESSIONS, Lambda, LambdaBalanced, LambdaRest, Refused, Sent, each_transport, reach_of

APP = '''
import bento
from bento_pandas import DataFrameAdapter


class Tables(bento.Service):
    """Give back what was understood of a table."""

    @bento.api(input=DataFrameAdapter(columns=["a", "b"], dtype={"a": "int64", "b": "str"}), batch=True)
    def declared(self, table):
        return table[["b", "a"]]

    @bento.api(input=DataFrameAdapter(), batch=True)
    def values(self, table):
        return table[table.columns[0]]

    @bento.api(input=DataFrameAdapter(orient="index"), batch=True)
    def labelled(self, table):
        return table

    @bento.api(input=DataFrameAdapter())
    def odd(self, table):
        return table.assign(gap=float("nan"), raw=[b"\\xff"] * len(table), name="東京")


service = Tables()
'''
JSON = "application/json"
RECORDS = [{"a": 1, "b": "x, y"}, {"a": 2, "b": "ü"}]
ANSWER = [{"b": "x, y", "a": 1}, {"b": "ü", "a": 2}]
CSV = 'b,a\n"x, y",1\nü,2\n'


def sent(document: object, api: str = "declared", charset: str = "utf-8") -> Sent:
    return Sent(api, json.dumps(document, ensure_ascii=False).encode(charset), JSON if charset == "utf-8" else f"{JSON}; charset={charset}")


def in_a_file(kind: str, media_type: str) -> Sent:
    file = io.BytesIO()
    getattr(pd.DataFrame(RECORDS), f"to_{kind}")(file)
    return Sent("declared", file.getvalue(), media_type)


FORMS = {
    "records": sent(RECORDS),
    "records with more keys": sent([{"z": 0, **record} for record in RECORDS]),
    "rows": sent([[1, "x, y"], [2, "ü"]]),
    "split": sent({"columns": ["b", "a"], "index": [7, 8], "data": [["x, y", 1], ["ü", 2]]}),
    "columns by label": sent({"a": {"0": 1, "1": 2}, "b": {"0": "x, y", "1": "ü"}}),
    "columns as lists": sent({"a": [1, 2], "b": ["x, y", "ü"]}),
    "json in a charset": sent(RECORDS, charset="latin-1"),
    "json under a suffix": Sent("declared", json.dumps(RECORDS).encode(), "application/vnd.api+json"),
    "csv": Sent("declared", CSV.encode(), "text/csv"),
    "csv with other line ends": Sent("declared", CSV.replace("\n", "\r\n").encode(), "text/csv"),
    "csv in a charset": Sent("declared", CSV.encode("utf-16"), "text/csv; charset=utf-16"),
    "parquet": in_a_file("parquet", "application/vnd.apache.parquet"),
    "arrow": in_a_file("feather", "application/vnd.apache.arrow.file"),
}


reach = reach_of(APP)
transport = each_transport()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_table_gets_one_result_for_each_row(transport, form):
    assert transport.value(FORMS[form]) == ANSWER


def test_a_body_without_a_content_type_is_read_as_json(transport):
    assert transport.value(Sent("values", b"[5, 6]")) == [5, 6]


def test_the_index_form_is_read_if_it_is_declared(transport):
    assert transport.value(sent({"r": {"a": 1}, "s": {"a": 2}}, "labelled")) == [{"a": 1}, {"a": 2}]


def test_an_answer_is_strict_json_in_utf8(transport):
    answer = transport.ask(sent([{"a": 1}], "odd"))
    assert answer.strip() == '[{"a":1,"gap":null,"raw":{"b64":"/w=="},"name":"東京"}]'.encode()


@pytest.mark.parametrize("form", ["records", "csv", "parquet"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", [Lambda, LambdaRest, LambdaBalanced])
def test_a_compressed_body_of_an_event_is_read_like_a_plain_one(reach, kind, compression, form):
    plain = FORMS[form]
    encoding = {"content-encoding": compression.partition(" ")[0]}
    answer = reach(kind).post(plain, COMPRESSIONS[compression](plain.body), **encoding)
    assert (answer["statusCode"], json.loads(body_of(answer))) == (200, ANSWER)


REFUSED = {
    "a missing key": (sent([{"a": 1, "b": "x"}, {"a": 1}]), 422, "row 1 lacks the column 'b': expected 'a', 'b'"),
    "a missing column": (Sent("declared", b"a\n1\n", "text/csv"), 422, "the table lacks the column 'b': expected 'a', 'b'"),
    "one value too many": (sent([[1, "x", 3]]), 422, "expected a list of 2 values for row 0, got 3 values"),
    "one field too many": (Sent("declared", b"a,b\n1,x,3\n", "text/csv"), 422, "expected 2 fields in row 0, as the header has, got 3"),
    "another dtype": (sent([{"a": "x", "b": "x"}]), 422, "column 'a': "),
    "malformed json": (Sent("declared", b'[{"a": 1', JSON), 400, "the body is not JSON: "),
    "NaN is not json": (Sent("declared", b"[NaN]", JSON), 400, "the body is not JSON: "),
    "json as plain text": (Sent("declared", b"[]", "text/plain"), 415, "'text/plain'"),
    "a pickle": (Sent("declared", b"\x80\x04N.", "application/vnd.bentoml+pickle"), 415, "'application/vnd.bentoml\\+pickle'"),
    "gzip under the name of csv": (Sent("declared", gzip.compress(CSV.encode()), "text/csv"), 400, "the body is not utf-8 text: "),
}


@pytest.mark.parametrize(("request_", "status", "said"), REFUSED.values(), ids=REFUSED)
def test_a_bad_request_is_refused_without_a_traceback(transport, request_, status, said):
    with pytest.raises(Refused, match=said) as refused:
        transport.ask(request_)
    assert refused.value.status in (status, None)
    assert len(str(refused.value)) > 10
    assert "Traceback" not in str(refused.value)
