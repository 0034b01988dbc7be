"""Tests of copies from one kind of store into another."""
