"""mnrd and the tools that a user would pick instead, on the same problems: time to reach an error.

`python benchmarks/peers` measures; `peers.report` writes what came out into `docs/performance.md`.
"""
