"""The units, and what is beside them."""
