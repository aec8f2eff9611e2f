"""Makes `pytest conformance/` run the matrix: loads the plugin."""

from conformance.pytest_plugin.hooks import *  # noqa: F403
