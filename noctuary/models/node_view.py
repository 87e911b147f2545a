"""A node as it is now: what is wrong with it, and since when what was wrong is well again."""

import msgspec

SAME_S = 5.0
"""A trouble that began no later than this after a report is the one reported: times are cut to the second."""


class NodeView(msgspec.Struct, frozen=True):
    """A node that was asked for; `wrong` and `well` tell by reason (`NodeNotReady`) since when."""

    name: str
    is_gone: bool = False
    wrong: dict[str, float] = {}
    well: dict[str, float] = {}

    def end_of(self, reason: str, began_at: float, told: float = 0.0) -> float | None:
        """Return when a trouble that began at a time had ended, 0 where nobody knows; None: it goes on.

        The end that was told of it goes before: since when the node is well is the end of its last trouble.
        """
        since = self.wrong.get(reason)
        if since is not None and since <= began_at + SAME_S:
            return None
        return told or self.well.get(reason, 0.0)
