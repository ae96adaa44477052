"""One open database: connection, worker, write-ahead log, schema."""
