"""The demo factory: a made-up electronics plant that reports as a real one would.

Started by the program when the demo is wanted; nothing else imports it.
"""

from data.simulate.run import Sink, run_demo

__all__ = ["Sink", "run_demo"]
