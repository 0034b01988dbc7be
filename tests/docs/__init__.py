"""The documents are true: README commands run, generated pages are up to date. To add a page, see its generator."""
