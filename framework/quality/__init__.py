"""Rules: DQDL, gates, dataset checks, profiling."""
