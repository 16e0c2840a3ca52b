"""Real data: every flight that left New York City in 2013, through the same four layers."""
