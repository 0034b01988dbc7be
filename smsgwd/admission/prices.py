"""The price table under its former name; it lives in `model.prices`."""

from smsgwd.model.prices import PriceTable as PriceList

__all__ = ["PriceList"]
