"""Who tenants are: hashing of secrets, the directory, the cache of good pairs, the limiter of failures.

Here live pure rules and bounded tables: no reactor, no threads, no clock and no randomness (`now`, salts and keys are
passed in). What may not live here: HTTP or SMPP, the thread pool Argon2 runs in (`northbound.auth`), the store.

To change how secrets are hashed, edit `hashing.py`; how a name or token finds its tenant, and what parents mean,
`directory.py`; expiry, scopes and networks of credentials, `usage.py`;
what a tenant may do to its own credentials, `granting.py`; how long a good pair saves a hash, `cache.py`;
when guessing is stopped, `failures.py`; codes from a phone beside a password, `totp.py`.
"""
