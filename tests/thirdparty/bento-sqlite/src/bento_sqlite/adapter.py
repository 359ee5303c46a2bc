"""Tables as CSV."""

from __future__ import annotations

import csv
import io

from bento import JSON, Adapter, BadInput, InvalidInput, Payload

Row = dict[str, str]


class CsvAdapter(Adapter[list[Row]]):
    """Rows of texts under a header, as RFC 4180 writes them."""

    name = "csv"
    media_types = ("text/csv",)

    def decode(self, payload: Payload) -> list[Row]:
        reader = csv.reader(io.StringIO(payload.text(), newline=""), strict=True)
        try:
            lines = [line for line in reader if line]
        except csv.Error as error:
            raise BadInput(f"the body is not CSV: {error}") from error
        if not lines:
            return []
        header, *rows = lines
        if len(set(header)) < len(header):
            raise InvalidInput("expected a header that names each column once")
        for number, row in enumerate(rows, 1):
            if len(row) != len(header):
                raise InvalidInput(f"expected {len(header)} values in row {number}, got {len(row)}")
        return [dict(zip(header, row, strict=True)) for row in rows]

    def encode(self, value: list[Row], media_type: str) -> bytes:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise TypeError(f"expected a list of rows, got a {type(value).__name__}")
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(value[0]) if value else [], quoting=csv.QUOTE_ALL)
        if value:
            writer.writeheader()
            writer.writerows(value)
        return text.getvalue().encode()

    def schema(self) -> dict[str, JSON]:
        return {"type": "string", "contentMediaType": "text/csv", "examples": ["name,price\r\ntea,3\r\n"]}
