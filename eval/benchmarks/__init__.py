"""Public benchmarks, one short task a file, through the product's own parts with the settings that users get.

    python -m eval.benchmarks NAME --data FOLDER [--limit N] [--json]

Each task module has `run(data, limit)`: the folder with the data in, the figures by name out.
"""
