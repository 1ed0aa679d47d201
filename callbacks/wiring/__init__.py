"""The web process, put together: services from `data`, handlers from `callbacks`.

Where they meet, a module a part; imported by `app` alone, and only to serve.
"""
