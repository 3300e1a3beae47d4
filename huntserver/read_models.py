"""The read models of one server: its projector in a process of its own, and what asks them over HTTP.

Composes and owns their start and end. Nothing of the game waits for any of it: what goes wrong here is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from actors.background import Background
from actors.reporter import Reporter
from huntserver import __version__
from huntserver.api.asking import Asking
from huntserver.api.routes import Api
from huntserver.auth import Tokens
from huntserver.config import Config, ConfigError
from huntserver.projections.child import ProjectorChild, ProjectorStatistics
from huntserver.projections.cleaning import FIELDS
from huntserver.projections.stores import chosen
from huntserver.projections.webhook import SecretError, secret_of
from huntserver.readiness import Check


class ReadModels:
    """What `projections.store` asks for; with an empty one the API says that there are none."""

    def __init__(self, config: Config, tokens: Tokens, reporter: Reporter) -> None:
        store = config.projections.store
        self._asking = Asking(lambda: chosen(store, asked=True), reporter) if store else None
        has_role = not config.cluster.listen or "projections" in config.cluster.roles
        _check_webhooks(config)
        projects = has_role and (store or config.projections.feed or config.webhooks)
        self._child = ProjectorChild(msgspec.json.encode(config), reporter) if projects else None
        self.answer = Api(self._asking, tokens, __version__).answer

    @property
    def statistics(self) -> Callable[[], ProjectorStatistics] | None:
        """The projector's figures, where there is one."""
        return self._child.statistics if self._child is not None else None

    def beside(self) -> dict[str, Callable[[], Check]]:
        """Return what `/readyz` says of it."""
        return {"projections": self._check} if self._child is not None else {}

    def _check(self) -> Check:
        assert self._child is not None
        why = self._child.trouble()
        return Check(not why, self._child.statistics().lag_s, why)

    def start(self, background: Background) -> None:
        """Begin to project, as a job of `background`."""
        if self._child is not None:
            self._child.start(background)

    async def stop(self) -> None:
        """End the projector; questions that wait are dropped."""
        if self._asking is not None:
            self._asking.close()
        if self._child is not None:
            await self._child.stop()


def _check_webhooks(config: Config) -> None:
    """Raise `ConfigError` if a webhook's secret cannot be used, or it asks for an event that never comes."""
    for hook in config.webhooks:
        try:
            secret_of(Path(hook.secret_file))
        except SecretError as error:
            raise ConfigError(f"webhook {hook.name}: {error}") from None
        unknown = next((event for event in hook.events if event not in FIELDS), None)
        if unknown is not None:
            raise ConfigError(f"webhook {hook.name}: events has {unknown!r}, allowed are {', '.join(FIELDS)}")
