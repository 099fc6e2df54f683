"""How accurate the answers are: golden sets, metrics, runs that are kept, their comparison and a report."""
