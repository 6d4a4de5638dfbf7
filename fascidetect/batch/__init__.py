"""Many recordings: find them, analyze each in a process of its own, sum up, and compare sessions.

What is done is told by the result folders themselves; the ledger is an index to them.
"""
