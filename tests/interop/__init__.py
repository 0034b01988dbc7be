"""The gateway against SMPP stacks that share no code with it.

Here live the peers (`node/smsc.js`: npm `smpp`; `twisted3_smsc.py`: smpp.twisted3) and what must hold between them and
the gateway. To add a peer, write a program that prints the JSON lines of `node/smsc.js` and add it to `peers.py`.
"""
