"""How Hypothesis runs in all tests, the plugins' too: nothing fails because the machine was busy."""

from hypothesis import HealthCheck, settings

# A limit on the time of an example (0.2 s by default) measures what else runs, and what is imported at its first use.
settings.register_profile("smsgwd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("smsgwd")
