"""Use cases, each of which takes a Scope. Imported by callbacks and app."""
