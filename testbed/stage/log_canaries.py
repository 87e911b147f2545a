"""Secrets as programs print them in the lines before they end, each of which a reader of a note must not see."""

from collections.abc import Iterator

FORMS = (
    "password={secret}",
    "password: {secret}",
    "PGPASSWORD={secret}",
    "--db-password {secret}",
    "postgres://app:{secret}@db:5432/shop",
    "amqp://{secret}:{secret}@queue",
    "https://hooks.example.com/x?token={secret}",
    "Authorization: Bearer {secret}",
    "X-Api-Key: {secret}",
    "api key {secret}",
    "token {secret}",
    "secret '{secret}'",
    "with key {secret}",
    'value "{secret}"',
    "{secret}",
    "credentials of {secret}",
)
LINES = (
    "2026/11/21 10:00:00 dial tcp 10.0.0.5:5432: connect: connection refused ({form})",
    "FATAL: password authentication failed for user app, {form}",
    '{{"level":"fatal","msg":"start","error":"open /etc/app.yaml: no such file or directory {plain}"}}',
    "{form}: permission denied: open /data/x",
    "Error: unknown flag: --level, near {form}",
    "ERROR cannot resolve: {form} lookup db: no such host",
    "[emerg] bind() to 0.0.0.0:80 failed (98: Address already in use) {form}",
    'level=fatal msg="listen tcp :80: bind: address already in use" dsn={plain}',
    "java.lang.OutOfMemoryError: Java heap space {form}",
    "panic: {form}: x509: certificate has expired",
    "INFO using {form}\nERROR open /a/b: permission denied",
    "ERROR open /a/b: permission denied\n  config: {form}",
    "Traceback (most recent call last):\n    connect('{plain}')\nConnectionRefusedError: [Errno 111]",
)


def logs_with_secrets() -> Iterator[tuple[str, str]]:
    """Yield logs and the secret in each; every secret is another one."""
    for row, line in enumerate(LINES):
        for place, form in enumerate(FORMS):
            secret = f"c4n{row:02d}Ry{place:02d}xQ7vK2"
            told = form.format(secret=secret)
            yield line.format(form=told, plain=told.replace('"', "'")), secret
