"""What every test here runs under."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["bento.pytest_plugin"]

# Examples are not timed: the machine may be busy. Under CI hypothesis picks its own profile, which does not time them either.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if not os.environ.get("CI"):
    settings.load_profile("unhurried")
