"""An adapter prepares the single item of an api without batches as it prepares the items of a batch when it stacks them."""

from __future__ import annotations

import json

import pytest

import bento
from bento.adapters import JsonAdapter, MultipartAdapter

pytestmark = pytest.mark.anyio


class ListedAdapter(JsonAdapter):
    """Makes numbers a list, as other adapters move them to a GPU."""

    def alone(self, item):
        return [item]

    def stack(self, items):
        return [self.alone(item) for item in items]


class Listed(bento.Service):
    @bento.api(input=ListedAdapter(), output=JsonAdapter())
    def one(self, value):
        return value

    @bento.api(input=ListedAdapter(), output=JsonAdapter(), batch=True)
    def many(self, values):
        return values

    @bento.api(input=ListedAdapter())
    def stream(self, value):
        yield value

    @bento.api(input=MultipartAdapter(value=ListedAdapter(), other=ListedAdapter(), optional=["other"]), output=JsonAdapter())
    def form(self, parts):
        return parts

    @bento.api(input=MultipartAdapter(value=ListedAdapter(), note=JsonAdapter()), output=JsonAdapter(), batch=True)
    def forms(self, many):
        return many


@pytest.mark.parametrize("api", ["one", "many", "stream"])
async def test_an_item_is_prepared_once(serving, api):
    async with serving(Listed()) as client:
        assert json.loads((await client.post(f"/{api}", json=3)).text) == [3]


@pytest.mark.parametrize(
    ("api", "parts", "expected"),
    [
        ("form", {"value": 3}, {"value": [3], "other": None}),
        ("form", {"value": 3, "other": 4}, {"value": [3], "other": [4]}),
        ("forms", {"value": 3, "note": 4}, {"value": [3], "note": 4}),
    ],
)
async def test_each_part_of_a_form_is_prepared_by_its_own_adapter(serving, api, parts, expected):
    async with serving(Listed()) as client:
        files = {name: (None, json.dumps(value), "application/json") for name, value in parts.items()}
        assert (await client.post(f"/{api}", files=files)).json() == expected
