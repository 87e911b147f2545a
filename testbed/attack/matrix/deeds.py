"""The attacker's hands: makes each move and takes back what it left."""

from contextlib import suppress

from noctuary.common.errors import KubernetesError
from testbed.attack.matrix import objects, requests
from testbed.attack.matrix.moves import Move
from testbed.attack.matrix.sides import Sides
from testbed.pagerduty.account.model import Incident

_REQUESTS = {"webhook": requests.send_webhook, "event": requests.post_event, "address": requests.try_address}


class Deeds:
    """One attacker's moves; that of the kind `nothing` leaves the victim alone and shows the measure's own noise."""

    def __init__(self, sides: Sides, api_url: str, elsewhere: str) -> None:
        self._sides = sides
        self._api_url = api_url
        self._elsewhere = elsewhere
        self._made: objects.Made = []

    async def do(self, move: Move, incident: Incident) -> None:
        """Make one move; what the API server refuses is a refusal and no failure of ours."""
        if move.kind in _REQUESTS:
            await _REQUESTS[move.kind](self._sides, move, incident)
            return
        with suppress(KubernetesError):
            await self._put(move)

    async def _put(self, move: Move) -> None:
        if move.kind == "secret":
            await objects.put_secret(self._sides, move, self._made)
        elif move.kind == "resource":
            await objects.put_resource(self._sides, move, self._made, self._api_url, self._elsewhere)
        elif move.kind == "annotation":
            await objects.annotate(self._sides, move, self._made, self._api_url)

    async def undo(self) -> None:
        """Delete the objects that moves left."""
        tenant = self._sides.attacker
        for api, plural, name in self._made:
            await tenant.kube.delete(api, tenant.namespace, plural, name)
