"""SQL: tables, repositories, migrations. Put together by the wiring alone."""
