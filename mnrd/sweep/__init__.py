"""Many runs of one case: which cells a sweep has, how they are run, and one table of what came out."""
