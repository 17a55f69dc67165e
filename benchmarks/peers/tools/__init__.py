"""mnrd and its peers by name."""

from __future__ import annotations

from peers.method import Tool
from peers.problems import PROBLEMS
from peers.tools import of_devito, of_fipy, of_mnrd, of_ngsolve, of_pde, of_scipy

OURS = tuple(
    Tool(f"mnrd {backend}", ("mnrd",), of_mnrd.methods(backend), {}, backend) for backend in ("native", "numpy", "cuda")
)
PEERS = tuple(
    Tool(name, module.PACKAGES, module.METHODS, module.REASONS)
    for name, module in {
        "py-pde": of_pde,
        "FiPy": of_fipy,
        "Devito": of_devito,
        "scipy": of_scipy,
        "NGSolve": of_ngsolve,
    }.items()
)
UNPOSED = Tool(
    "sme", ("sme",), (), dict.fromkeys(PROBLEMS, "it reads models as SBML alone, and none is written for this problem")
)
TOOLS = {tool.name: tool for tool in (*OURS, *PEERS, UNPOSED)}
"""All tools by name, in the order of the report."""
