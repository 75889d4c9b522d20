"""What the pages share: frame, text, state, caches, forms, messages, exports."""
