"""Leaves the tests, and the processes they start, one thread each: waiting threads of many processes slow each other down."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
