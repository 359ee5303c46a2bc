"""What a parcel costs: a table as a model. Needs only bento itself.

Run it to save the service and see the next command.
"""

from __future__ import annotations

from typing import TypedDict

import bento
from bento.adapters import JsonAdapter
from bento.artifacts import JsonArtifact


class Parcel(TypedDict):
    """The input of the service."""

    zone: str
    grams: int


class Parcels(bento.Service):
    """Price parcels by zone and weight."""

    prices = JsonArtifact()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def quote(self, parcel: Parcel) -> float:
        """Give the price in euros: a zone's base price, and as much for each begun kilogram."""
        zone, grams = parcel["zone"], parcel["grams"]
        if zone not in self.prices:
            raise bento.InvalidInput(f"unknown zone {zone!r}: expected one of {', '.join(self.prices)}")
        base, per_kilogram = self.prices[zone]
        return round(base + per_kilogram * -(-grams // 1000), 2)


def main() -> None:
    """Save, and print the next command."""
    service = Parcels(prices={"home": [2.5, 0.9], "europe": [6.0, 2.2], "world": [11.0, 5.5]})
    bundle = bento.save(service)
    print(f"""saved {bundle.tag}: ask it with\n  bento run {bundle.tag} quote --input '{{"zone": "europe", "grams": 1800}}'""")


if __name__ == "__main__":
    main()
