"""The pool, the transactions and the end of a session keep their promises.

With servers started and stopped for you:

    unified-test-runner --test-pattern "*database_management*" --real-services

Against a server whose address stands in DATABASE_URL, all of it or one test:

    pytest suites/database_management
    pytest suites/database_management/test_deadlocks.py::test_deadlock_has_one_victim
"""
