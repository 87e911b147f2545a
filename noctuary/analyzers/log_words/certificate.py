"""A certificate that is not taken."""

import re

from noctuary.analyzers.log_words.base import Crashed, Words


class Certificate(Crashed):
    """Expired, of an authority that is not trusted, or for another name."""

    kind = "certificate"
    why = "a certificate is not taken"
    said = "certificate not valid"
    follows_change_of = ("volume", "env", "image")
    advice = "see when the certificate ends, for which names it is, and whether its authority is trusted here"
    words = Words(
        signs=("x509", "certificate", "pkix", "ssl", "tls", "self signed", "self-signed"),
        patterns=(
            re.compile(
                r"x509: |CERTIFICATE_VERIFY_FAILED|CERT_HAS_EXPIRED|PKIX path (?:building|validation) failed"
                r"|SSLHandshakeException"
            ),
            re.compile(
                r"(?i)certificate (?:has expired|is not trusted|is not valid|expired|verify failed|verification failed"
                r"|signed by unknown)"
            ),
            re.compile(
                r"(?i)(?:unable to verify the first|self[- ]signed) certificate|UNABLE_TO_VERIFY_LEAF_SIGNATURE"
                r"|unable to get local issuer"
            ),
            re.compile(r"(?i)key values mismatch|private key does not match|tls: failed to (?:find|parse)"),
        ),
        names=(
            re.compile(r"certificate is valid for [^,]{1,100}, not ([\w.-]{1,100})"),
            re.compile(r"https://([\w.-]{1,100}(?::\d{1,5})?)"),
            re.compile(r"host=[\"']([\w.-]{1,100})[\"']"),
        ),
    )
