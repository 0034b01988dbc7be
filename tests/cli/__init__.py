"""Tests of the command lines, mirroring `smsgwd/cli`. To add one, mirror the module; with peers, see tests/scenario."""
