"""What one user stores is never seen, changed, counted or deleted by another.

With servers started and stopped for you:

    unified-test-runner --test-pattern "*user_isolation*" --real-services

Against servers whose addresses stand in DATABASE_URL and REDIS_URL, all of it or one test:

    pytest suites/user_isolation
    pytest suites/user_isolation/test_races.py::test_close_counts_once
"""
