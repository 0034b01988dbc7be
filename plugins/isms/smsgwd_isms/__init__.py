"""iSMS.gr (https://www.isms.gr) as a provider of smsgwd, over its HTTP API.

Here lives all that is iSMS's own. What may not: anything but the plugin API (`smsgwd.providers`) and `smsgwd.model`.

To change an option, edit `options.py`; what a line of its answers means, `answers.py`; how requests look and in what
order they go, `provider.py`; what a delivery report is, `reports.py`; number lookups, `lookups.py`.
"""

from typing import Final

from smsgwd.providers import Plugin, Poll
from smsgwd_isms.options import IsmsOptions
from smsgwd_isms.provider import MOST_RECIPIENTS, Isms

plugin: Final = Plugin(
    name="isms",
    summary="iSMS.gr: its HTTP API (send.php, query.php, credits.php, hlr.php, savecontact.php)",
    provider=Isms,
    options=IsmsOptions,
    group=MOST_RECIPIENTS,
    together=("sender", "text", "flash", "alphabet"),
    window=10,
    # Each message is a request of its own, so a question is about a few.
    poll=Poll(first_s=5.0, factor=2.0, longest_s=600.0, group=20, after_callbacks_s=60.0),
)
