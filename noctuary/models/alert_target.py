"""What an alert says that it is about: names of the objects of the cluster, as its sender's labels give them."""

import msgspec


class AlertTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """The names in one alert's labels; each is a name that Kubernetes accepts, or empty.

    Anybody who can raise an alert chooses them: they choose among what an integration may see, and open nothing.
    """

    namespace: str = ""
    deployment: str = ""
    statefulset: str = ""
    daemonset: str = ""
    cronjob: str = ""
    job: str = ""
    workload: str = ""
    """A workload of whatever kind."""
    pod: str = ""
    service: str = ""
    """A Service, or what the sender calls the application."""
    node: str = ""
    container: str = ""

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Return kind and name of what is named, the surest first; the kind is empty for any workload."""
        told = (
            ("Deployment", self.deployment),
            ("StatefulSet", self.statefulset),
            ("DaemonSet", self.daemonset),
            ("CronJob", self.cronjob),
            ("Job", self.job),
            ("", self.workload),
            ("Pod", self.pod),
            ("Service", self.service),
            ("Node", self.node),
        )
        return [(kind, name) for kind, name in told if name]

    @property
    def is_empty(self) -> bool:
        """Tell whether it names nothing that could be looked for."""
        return not self.namespace and not self.kinds
