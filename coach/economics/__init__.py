"""What practice costs, which plan earns, and billing that is right: price book, ledger, model, plans, Stripe."""
