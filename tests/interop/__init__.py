"""The gateway against SMPP stacks that share no code with it, on both of its sides.

Here live the SMSCs that it binds to (`node/smsc.js`: npm `smpp`; `twisted3_smsc.py`: smpp.twisted3), the ESMEs that
bind to it (`node/esme.js`, `esmes/`), and what must hold between them and the gateway. What may not live here: anything
of smsgwd inside the peers.

To add an SMSC, write a program that prints the JSON lines of `node/smsc.js` and add it to `peers.py`; to add an ESME,
one that does what `esmes/_common.py` says, and add it to `esme.py`.
"""
