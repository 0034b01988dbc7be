"""What the daemon tells its operators: the catalogues of log events and of metrics, and how both are written.

Here live event names and levels (`events.py`), the log pipeline (`logs.py`) with its redaction (`redact.py`) and rate
limit (`ratelimit.py`), and the metrics (`metrics.py`, `families.py`, `plain.py`). No reactor, no sockets, no clock of
its own: clocks, the output stream and the registry are passed in. Nothing here decides anything about messages.

To log something new, add its event to `events.py`; to count something new, add it to `metrics.py` and run
`scripts/gen_metrics_docs.py`; to change what is masked, edit `redact.py`.
"""

from smsgwd.telemetry.logs import LogSetup, configure_logging, get_logger
from smsgwd.telemetry.metrics import CONTENT_TYPE, ConnectorMetrics, Metrics, render

__all__ = ["CONTENT_TYPE", "ConnectorMetrics", "LogSetup", "Metrics", "configure_logging", "get_logger", "render"]
