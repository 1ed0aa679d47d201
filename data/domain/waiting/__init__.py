"""Why work waited, from a log of what ran where and when.

Source: Lashkevich, Milani, Chapela-Campa, Suvorau, Dumas 2023, "Why am I waiting?
Data-driven analysis of waiting times in business processes". Pure; imported by the
delay ledger and by services.
"""
