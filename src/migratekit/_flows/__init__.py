"""
Every decision, without I/O: coroutines that await steps and nothing else.

Rules of these files:

* A step is the only thing that touches a port.
* A security answer is compared with ``is True``.
* No local variable holds a password, a hash or a token as plain text; they stay inside
  values whose ``repr`` does not show them.
"""
