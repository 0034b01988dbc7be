"""Provider styles: how each speaks to its customers, one file a style.

Lives here: what a request of a style asks for and how an answer or a callback of it is written. Pure: values in, values
out; times are passed in with their zone. What may not: HTTP, limits that need memory (the edges), which tenant it is.

To change what a style says, edit the files that bear its name (`isms`, `isms_soap`, ...); to add one, `registry` too.
"""
