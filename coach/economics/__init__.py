"""Price book, ledger, unit cost, plans, scenarios, guardrails, billing."""
