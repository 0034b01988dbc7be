"""Any provider with an HTTP API, without code: the options of a connector say how its requests and answers look.

Here live the options and what carries them out. What may not: anything of one provider, HTTP of its own (the host
sends), state that must survive. The page for operators is docs/generic-http.md.

To change what can be configured of requests, edit `requests_options.py`, of answers and callbacks,
`answers_options.py`, of the whole, `options.py`; small parts of both, `parts.py`; how texts with values are filled in
and escaped, `templates.py`; how requests are made, `requests.py`; how something is found, `paths.py`, `xml.py` and
`finding.py`; what an answer means, `answers.py`; what reports say, `reports.py`; signatures, `signing.py`; ids,
`ids.py`; when what is asked, `provider.py`.
"""

from dataclasses import replace
from typing import Any

from smsgwd.providers import Plugin
from smsgwd_generic_http.options import GenericOptions
from smsgwd_generic_http.provider import GenericHttp


def _fitted(options: Any) -> Plugin:
    """With the limits and abilities that its options give it."""
    return replace(
        plugin,
        group=options.send.group,
        together=options.together,
        requests_s=options.requests_s,
        poll=options.polling,
        abilities=options.abilities,
    )


plugin = Plugin(
    name="generic_http",
    summary="Any HTTP API, described in the configuration: no code",
    provider=GenericHttp,
    options=GenericOptions,
    group=1000,
    together=(),
    fitted=_fitted,
)
