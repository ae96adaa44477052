"""What keeps the data sound: copies, repair, expiry, deletion."""
