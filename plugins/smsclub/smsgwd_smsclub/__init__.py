"""SMS Club (https://smsclub.mobi/en/api) as a provider of smsgwd, over its JSON API.

Here lives all that is SMS Club's own. What may not: anything but the plugin API (`smsgwd.providers`) and
`smsgwd.model`.

To change an option, edit `options.py`; what an answer means, `answers.py`; what a refusal in words means, `words.py`;
which messages go in one request, `grouping.py`; the requests, `provider.py`.
"""

from typing import Final

from smsgwd.providers import Plugin, Poll
from smsgwd_smsclub.grouping import MOST
from smsgwd_smsclub.options import SmsClubOptions
from smsgwd_smsclub.provider import SmsClub

plugin: Final = Plugin(
    name="smsclub",
    summary="SMS Club: its JSON API (/sms/send, /sms/status, /sms/balance, /sms/originator)",
    provider=SmsClub,
    options=SmsClubOptions,
    group=MOST,
    together=("sender", "text"),
    requests_s=9.0,  # the page: no more than 9 requests a second from one client
    window=9,
    poll=Poll(first_s=5.0, factor=2.0, longest_s=600.0, group=MOST),
)
