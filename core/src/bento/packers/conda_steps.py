"""The steps of a Dockerfile that make a conda environment, in an image with micromamba.

Source: mamba-org, "micromamba-docker". Its user is not root, and its entry point activates the environment `base` in `/opt/conda`.
"""

from __future__ import annotations

MICROMAMBA = "mambaorg/micromamba:2.1.0"
"""The base image for bundles with a conda environment. Its publisher moves a tag to newer builds of the same release."""

ENVIRONMENT = "environment.yml"
ACTIVATE = "/usr/local/bin/_entrypoint.sh"
VARIABLES = ("PATH=/opt/conda/bin:$PATH",)
AS_ROOT = "USER 0"
MAKE = f"""\
COPY {ENVIRONMENT} /opt/bento/
RUN micromamba install --yes --name base --file /opt/bento/{ENVIRONMENT} \\
 && micromamba clean --all --yes"""
