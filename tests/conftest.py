"""What all tests share: the engines, and no time limits, which a busy machine breaks."""

from hypothesis import settings

pytest_plugins = ["tests.engines", "tests.security.tenants"]

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
