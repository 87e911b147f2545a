"""A name that nobody resolves."""

import re

from noctuary.analyzers.base import kubectl_list
from noctuary.analyzers.log_words.base import Crashed, Words
from noctuary.models.diagnosis import Fault

_HOST = r"([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?(?::\d{2,5})?)"


class NoSuchHost(Crashed):
    """A Service that does not exist or has another name, or a cluster whose DNS does not answer."""

    kind = "no_such_host"
    why = "the name of what it calls is not known"
    said = "no such host"
    follows_change_of = ("env", "args", "command")
    advice = "is there a Service of that name in its namespace, and does the DNS of the cluster answer"
    words = Words(
        signs=(
            "no resolvable bootstrap",
            "no such host",
            "not known",
            "enotfound",
            "getaddrinfo",
            "name resolution",
            "eai_again",
            "unknownhost",
            "unknown host",
            "resolve",
            "translate host",
            "host not found",
            "nxdomain",
            "lookup address",
            "nodename nor servname",
            "server host",
        ),
        patterns=(
            re.compile(r"No resolvable bootstrap urls"),
            re.compile(r"(?i)no such host|name or service not known|nodename nor servname|\bENOTFOUND\b|\bEAI_AGAIN\b"),
            re.compile(
                r"(?i)temporary failure in name resolution|name does not resolve|name resolution (?:failed|failure)"
            ),
            re.compile(r"(?i)UnknownHostException|unknown host|unknown mysql server host|getaddrinfo failed|NXDOMAIN"),
            re.compile(
                r"(?i)(?:could|can) ?not (?:resolve|translate) (?:host|proxy|name|address)|failed to lookup address"
            ),
            re.compile(r"(?i)host not found(?: in upstream|:)?|(?:failed|unable) to resolve (?:host|name|address)"),
            re.compile(
                r"(?i)(?:failed to resolve|unable to resolve) [\"'`]?[\w.-]{1,100}[\"'`]?(?::\d{1,5})?(?: |$|\()"
            ),
        ),
        names=(
            re.compile(rf"\blookup (?:tcp/)?{_HOST}(?: on |: )"),
            re.compile(rf"(?:ENOTFOUND|EAI_AGAIN) {_HOST}"),
            re.compile(rf"(?:UnknownHostException|unknown host): {_HOST}"),
            re.compile(rf"(?i)(?:host name|in upstream|server host|hostname|host) [\"'`]{_HOST}[\"'`]"),
            re.compile(rf"(?i)resolve (?:host(?:name)?|name|address)?:? ?[\"'`]?{_HOST}"),
            re.compile(rf"(?i)connecting to {_HOST}"),
            re.compile(r"(?:host|HTTPSConnectionPool\(host|host_name)=[\"']([\w.-]{1,100})[\"']"),
        ),
    )

    def look(self, fault: Fault) -> str:
        """Return the command that lists the Services there are."""
        return kubectl_list(fault.subject.namespace, "services")
