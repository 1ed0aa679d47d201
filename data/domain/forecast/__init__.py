"""When operations, milestones and orders will be done, and how sure that is.

Pure: no clock, no input or output. Services, the watch and the panels may import it.

`engine` simulates the open orders of a site on their shared work units; `remaining` speaks for
orders that have no plan; `history` is what both learn from; `conformal` makes P80 mean 80 %;
`scores` judges. `docs/adr/0011-forecast.md` says why it is made this way.
"""
