"""What the daemon tells its operators: the catalogues of log events and of metrics, and how both are written.

Here live event names and levels (`events.py`), the log pipeline (`logs.py`) with its redaction (`redact.py`) and rate
limit (`ratelimit.py`), levels by component (`levels.py`) and whose messages are written down step by step (`watch.py`),
and the metrics (`metrics.py`, those of provider connectors in `provider_metrics.py`; `declaring.py`, `families.py`,
`plain.py`). No reactor, no sockets, no clock of its own: clocks, the output stream and the registry are passed in.
Nothing here decides anything about messages.

Ids of spans and their way to a collector are in `tracing.py`; what keeps structlog small, in `lean.py`.

To log something new, add its event to `events.py`; to count something new, add it to `metrics.py` and run
`scripts/gen_metrics_docs.py`; to change what is masked, edit `redact.py`.
"""

from smsgwd.telemetry import lean  # before whatever imports structlog
from smsgwd.telemetry.logs import LogSetup, configure_logging, get_logger
from smsgwd.telemetry.metrics import CONTENT_TYPE, ConnectorMetrics, Metrics, render
from smsgwd.telemetry.provider_metrics import ProviderMetrics

__all__ = [
    "CONTENT_TYPE",
    "ConnectorMetrics",
    "LogSetup",
    "Metrics",
    "ProviderMetrics",
    "configure_logging",
    "get_logger",
    "lean",
    "render",
]
