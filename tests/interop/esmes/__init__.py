"""The ESMEs: programs, each on a library of its own, some in environments of their own. Nothing of smsgwd in them."""
