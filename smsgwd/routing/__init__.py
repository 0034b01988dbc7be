"""Routing: which connectors may carry a message, in which order of preference, and what they make of its addresses.

Pure: an immutable table compiled from rules (stored ones and the configuration's); the first rule that matches wins.
Here live the rule, the table, the choice among a rule's connectors, their costs, rewriting and the explanation of it
all. Not here: where rules come from (`app`), prices of tenants (`admission`), what is up (told by a callable), retries
and failover (`delivery`).

To change X, edit Y: what a rule says, `rule.py`; what it can match on, `conditions.py`; how it is found, `table.py`;
strategies and the margin, `choice.py`; what connectors cost, `costs.py`; addresses on the air, `rewrite.py`; what
operators are told, `explain.py`.
"""
