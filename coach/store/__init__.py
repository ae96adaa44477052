"""All SQL: tables, migrations, engine, repositories, retention."""
