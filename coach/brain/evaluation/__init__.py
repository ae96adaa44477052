"""One evaluation from the call to the contract."""
