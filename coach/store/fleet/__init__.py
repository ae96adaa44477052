"""Several processes on one PostgreSQL: who is there, which interview is with whom, and what they tell each other."""
