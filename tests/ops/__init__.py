"""Tests of `smsgwd/ops`: registry, admin socket, pages, service manager. To add one, mirror the module."""
