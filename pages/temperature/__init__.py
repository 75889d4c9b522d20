"""The page /temperature."""
