"""Runs pytest suites in parallel against real services, each worker on databases of its own."""

__version__ = "0.1.0"
