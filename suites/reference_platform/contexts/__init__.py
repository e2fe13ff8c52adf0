"""Who is asking, and what is theirs.

A `UserExecutionContext` names one request of one user. A `DataAccessFactory` turns it
into a `UserDataAccess`, through which only that user's data can be reached.
"""

from suites.reference_platform.contexts.access import DataStores, UserDataAccess
from suites.reference_platform.contexts.context import AuditEntry, UserExecutionContext
from suites.reference_platform.contexts.factory import DataAccessFactory
from suites.reference_platform.contexts.lease import ContextLimits, FactoryStatistics

__all__ = [
    "AuditEntry",
    "ContextLimits",
    "DataAccessFactory",
    "DataStores",
    "FactoryStatistics",
    "UserDataAccess",
    "UserExecutionContext",
]
