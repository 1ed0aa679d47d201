"""What is true: the domain, the use cases, and the adapters to the outside."""
