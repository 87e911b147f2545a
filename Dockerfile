# syntax=docker/dockerfile:1
# One image with two commands, `noctuary operator` and `noctuary receiver`. It needs no shell and no writable root.
#
# BASE_IMAGE needs Python 3.11 or newer and its certificates; BUILD_IMAGE, which is left behind, also needs its venv module.
# Neither needs a shell: commands are written as lists. `make image` makes both where no registry can be reached.
# A tag can come to mean another image, a digest cannot. None stands here, because no digest was known where this was written: a digest that
# nobody has pulled is worth nothing. Name yours: --build-arg BASE_IMAGE=python:3.13-slim-bookworm@sha256:..., or
# make image ARGS="--docker --base python:3.13-slim-bookworm@sha256:...".
ARG BASE_IMAGE=python:3.13-slim-bookworm
ARG BUILD_IMAGE=${BASE_IMAGE}

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY requirements/build.txt requirements/
# The two secrets are this machine's pip settings and authorities; without them pip does what it always does.
RUN ["python3", "-m", "venv", "/build/tools"]
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=authorities,target=/etc/authorities.pem \
    ["/build/tools/bin/python3", "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", "requirements/build.txt"]
RUN ["python3", "-m", "venv", "--without-pip", "/opt/noctuary"]

FROM build AS dependencies
COPY requirements/runtime.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=authorities,target=/etc/authorities.pem \
    ["/build/tools/bin/python3", "-m", "pip", "--python", "/opt/noctuary/bin/python3", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "--requirement", "requirements/runtime.txt"]

FROM build AS application
COPY pyproject.toml README.md LICENSE ./
COPY noctuary noctuary
COPY operator operator
COPY webhook_receiver webhook_receiver
COPY noctuary_cli noctuary_cli
RUN ["/build/tools/bin/python3", "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", "wheels", "."]
RUN ["/build/tools/bin/python3", "-m", "pip", "--python", "/opt/noctuary/bin/python3", "install", "--quiet", "--no-deps", "--no-index", "--find-links", "wheels", "--prefix", "/application", "noctuary"]

FROM ${BASE_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
LABEL org.opencontainers.image.title="Noctuary"
LABEL org.opencontainers.image.description="Context for PagerDuty incidents, from the cluster that fired them"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
LABEL org.opencontainers.image.revision="${REVISION}"
LABEL org.opencontainers.image.created="${CREATED}"
LABEL org.opencontainers.image.source="${SOURCE}"
ENV PATH="/opt/noctuary/bin:/usr/local/bin:/usr/bin:/bin"
ENV PYTHONDONTWRITEBYTECODE="1"
ENV PYTHONUNBUFFERED="1"
COPY --from=dependencies /opt/noctuary /opt/noctuary
COPY --from=application /application /opt/noctuary
WORKDIR /
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["noctuary"]
