"""The program as a user starts it, looked at from outside."""
