"""Whom a client under test may ask: what listens on loopback, without TLS."""

from noctuary.common.egress.policy import EgressPolicy

LOOPBACK = EgressPolicy(("127.0.0.1",), private_hosts=("127.0.0.1",), plain_http=True)
