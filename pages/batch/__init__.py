"""The page on one batch: who is pulled and who is pushed."""
