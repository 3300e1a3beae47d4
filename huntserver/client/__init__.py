"""The Python client: plays and runs hunts over any number of connections, and loses nothing on the way.

    from huntserver.client import connect, guest_token

    async with connect(url, guest_token(url, "Ada")) as client:
        page = await client.join("museum", team="Night Owls")
        verdict = await client.command("guess", hunt="museum", clue="cloakroom", text="atlas")

`connect` opens a client, `Client` says which call must follow which, `Device` keeps a key counter over runs. What the
operations take and give is in the server's document at `/protocol`. Everything the client decides is decided by
`huntserver.client.session`, which has no sockets: use it to write a client on another event loop.
"""

from huntserver.client.connection import TAKES, Client, connect
from huntserver.client.device import Device
from huntserver.client.errors import Refused, TooSlow, Unreachable
from huntserver.client.http import guest_token
from huntserver.client.requests import TooManyWaiting

__all__ = ["TAKES", "Client", "Device", "Refused", "TooManyWaiting", "TooSlow", "Unreachable", "connect", "guest_token"]
