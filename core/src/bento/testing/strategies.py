"""hypothesis strategies for requests and the values in them, for the `values()` of a kit and for your own tests.

from bento.testing import AdapterTests, strategies

class TestThingAdapter(AdapterTests):
    adapter = ThingAdapter()

    def values(self):
        return strategies.arrays((None, 4), "float32").map(Thing)
"""

from ._bodies import damaged
from ._strategies import arrays, content_types, documents, dtypes, media_types, payloads, tags, texts

__all__ = ["arrays", "content_types", "damaged", "documents", "dtypes", "media_types", "payloads", "tags", "texts"]
