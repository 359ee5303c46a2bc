"""The same work done by other servers, each as its own documentation shows it; `BENCHMARK_MODEL` names the model.

Every module runs in an environment of its own, in which bento is not installed.
"""
