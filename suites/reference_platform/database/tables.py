"""The tables of the platform, as data."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

# The user leads the key: every access names one, and no index order spans two users.
documents = Table(
    "platform_documents",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("body", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

credit_accounts = Table(
    "platform_credit_accounts",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("owner_id", Text, nullable=False, index=True),
    Column("balance", BigInteger, nullable=False),
    CheckConstraint("balance >= 0", name="platform_credit_accounts_no_debt"),
)
