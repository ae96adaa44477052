"""Plans, credits and Stripe."""
