"""Exceptions: conditions that someone must act on, from the rule that finds them to their end.

Pure. Words after ISA-18.2 and EEMUA 191. `records` says what an exception is, `lifecycle` how it
moves, `rules` what is looked for, `conditions` how; the watch raises and clears, people move.
"""
