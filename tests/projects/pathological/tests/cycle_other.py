"""The other half of an import cycle."""

from test_import_cycle import mine


def other():
    return mine()
