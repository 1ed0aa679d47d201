"""Parts that panels and pages are made of."""
