"""SQL: tables, repositories, migrations. Wired in by app alone."""
