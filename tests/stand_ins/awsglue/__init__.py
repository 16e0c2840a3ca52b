"""A stand-in of `awsglue`, written from its published contract, for tests of the exit behaviour on Glue.

Only what Sluice touches: `utils.getResolvedOptions`, `context.GlueContext`, `job.Job`. Like the original, it
parses options with abbreviations allowed, so `--job x` is taken for `--job-bookmark-option x`.
What happens to a job is appended to the file that the variable GLUE_STAND_IN_EVENTS names.
"""
