"""One index of many repositories for a team, in PostgreSQL: the same seams as the embedded index, ranked alike."""
