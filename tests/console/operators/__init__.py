"""Operators' pages, with commands that answer as those of a running gateway do (`answers`)."""
