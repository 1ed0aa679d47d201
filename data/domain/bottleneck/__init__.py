"""Where the bottleneck is: active periods, the chain walk, blockage and starvation, shares.

Pure; imported by services, the watch and the panels. Times are plain numbers in one unit,
seconds since the epoch when live: whoever calls converts at the edge.
"""
