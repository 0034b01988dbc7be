"""Routing: which connectors may carry a message, in which order of preference.

Pure: an immutable table compiled from the configuration's routes; the first rule that matches wins. Choosing among the
connectors of a rule by their state is the pipeline's, which knows what is up.

To change what a rule can match on, edit `table.py`.
"""
