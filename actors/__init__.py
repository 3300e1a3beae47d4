"""Event-sourced actors on asyncio: entities whose state is the fold of an append-only log.

Knows no game and no WebSockets, and never imports `huntserver`.
"""
