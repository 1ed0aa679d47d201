"""Why an order is late: its time from release to completion, step by step.

How it is done and what is promised: docs/adr/0010-delay-ledger.md. Pure; used by services
and the watch. Begin with `data.domain.ledger.account`.
"""
