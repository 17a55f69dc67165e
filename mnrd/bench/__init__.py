"""What is measured by `mnrd bench` and by the suite in ``benchmarks/``: problems of any size, clocks, whole runs."""
