"""Simple and published ways to count movements, on the same clips and scored as fascidetect is.

Each is reimplemented from its description, but for DVR-Scan, which is run as it is installed.
"""

from baselines.methods import METHODS, Method, chosen
from baselines.run import Task, run, tune

__all__ = ["METHODS", "Method", "Task", "chosen", "run", "tune"]
