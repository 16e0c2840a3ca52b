"""Running one job, and pipelines of jobs."""
