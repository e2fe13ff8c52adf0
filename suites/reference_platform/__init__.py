"""A compact multi-tenant assistant platform, the subject of the suites beside it.

It is real: it talks to PostgreSQL and Redis over sockets and keeps its promises under
concurrency. It is also an example to read, so every module holds one idea.

`contexts` says who asks and keeps what they store apart from what others store;
`database` owns the connections to PostgreSQL; `settings` alone reads the environment.
"""
