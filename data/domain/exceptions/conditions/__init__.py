"""How each kind of condition is judged, and when it must be judged again.

Pure. `data.domain.exceptions.evaluate` alone imports these. `ground` is what all of them stand
on; each other module holds families of conditions that share an index.
"""
