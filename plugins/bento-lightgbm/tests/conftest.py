"""Limits the tests and the processes they start to one thread each, because many waiting threads slow each other down."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
