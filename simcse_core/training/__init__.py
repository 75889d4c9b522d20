"""Training: a `Trainer` that advances one step at a time, and a generator of events around it."""
