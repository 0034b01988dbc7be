"""Facts about the whole daemon: real processes between real peers, one fact a file.

Here live the tests that start `smsgwd run` with the simulators, and their harness. What one module does alone is tested
beside that module. To add a fact, add a file and take the `scene` fixture; to change what a scene can start, edit
`harness.py`; how tests talk to it, `client.py`; how what an SMSC got is decoded, `received.py`.
"""
