"""What is compiled. Where there is no compiler, what is installed has no loops, and bento-core goes without."""

from setuptools import Extension, setup

NAMES = ("arriving", "core", "leaving", "numbers", "passing")

setup(ext_modules=[Extension(f"bento_native.{name}", [f"src/bento_native/{name}.pyx"], optional=True) for name in NAMES])
