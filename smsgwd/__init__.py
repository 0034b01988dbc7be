"""smsgwd: a carrier-grade SMS gateway daemon.

The layers, and which package may import which, are in docs/architecture.md and enforced in CI.
To change how a message moves, start at `smsgwd.app.pipeline`; to change what a state means, at `smsgwd.delivery`.
"""

__version__ = "0.1.0"
