"""The page on the cone: why unrelated sentences look alike, and what subtracting a mean does about it."""
