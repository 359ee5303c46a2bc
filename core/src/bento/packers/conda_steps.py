"""The steps of a Dockerfile that make a conda environment, in an image that has micromamba.

Source: mamba-org, "micromamba-docker": its user is not root, its environment is `base` in `/opt/conda`, which its entry point activates.
"""

from __future__ import annotations

MICROMAMBA = "mambaorg/micromamba:2.1.0"
"""What an image starts from that has a conda environment; its tags are moved to newer builds of the same release."""

ENVIRONMENT = "environment.yml"
ACTIVATE = "/usr/local/bin/_entrypoint.sh"
VARIABLES = ("PATH=/opt/conda/bin:$PATH",)
AS_ROOT = "USER 0"
MAKE = f"""\
COPY {ENVIRONMENT} /opt/bento/
RUN micromamba install --yes --name base --file /opt/bento/{ENVIRONMENT} \\
 && micromamba clean --all --yes"""
