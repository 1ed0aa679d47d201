"""The commands of the program that serve no pages; `app` runs them by name."""
