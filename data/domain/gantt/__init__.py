"""The milestone Gantt: what of a site's orders stands in a window of time, and how finely.

Pure. `index` keeps the bars of a board ready, `rows` chooses rows, `window` chooses marks,
`chain` finds what an order waits for, `card` tells all about one bar, `wall` makes the rows of
the wall's panel. Imported by services, pages and panels.
"""
