"""Measures the product's speed and size: `python -m tests.bench`; docs/performance.md says how."""
