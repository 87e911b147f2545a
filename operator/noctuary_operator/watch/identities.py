"""Which id each integration has: its URL, record, routes and notes are known by it, and it outlives the resource."""


class Identities:
    """Ids and the uids of the resources that hold them; an id is held by one resource at a time."""

    def __init__(self) -> None:
        self._id_of: dict[str, str] = {}
        self._uid_of: dict[str, str] = {}

    def id_of(self, uid: str) -> str | None:
        """Return the id of the integration whose resource has a uid."""
        return self._id_of.get(uid)

    def uid_of(self, integration_id: str) -> str | None:
        """Return the uid of the resource that holds an id."""
        return self._uid_of.get(integration_id)

    def learn(self, uid: str, integration_id: str) -> None:
        """Remember what a routing record says, unless more is known by now."""
        if uid not in self._id_of and integration_id not in self._uid_of:
            self.bind(uid, integration_id)

    def bind(self, uid: str, integration_id: str) -> None:
        """Give an id to a resource, in place of the one that held it and of the id that it had."""
        self._uid_of.pop(self._id_of.get(uid, ""), None)
        self._id_of.pop(self._uid_of.get(integration_id, ""), None)
        self._id_of[uid] = integration_id
        self._uid_of[integration_id] = uid

    def forget(self, integration_id: str) -> None:
        """Forget an id whose integration is gone."""
        self._id_of.pop(self._uid_of.pop(integration_id, ""), None)
