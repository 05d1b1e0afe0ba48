# zoomsync's daemon: docs/operating.md, "In a container". No tool that builds, and no pip of ours, stays in the image.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# What zoomsync needs, and what makes its package, each file by its hash: a layer that only new versions make anew.
COPY constraints-build.txt constraints-image.txt ./
RUN python3 -m venv tools \
    && tools/bin/pip install --require-hashes --requirement constraints-build.txt \
    && python3 -m venv --without-pip /opt/zoomsync \
    && tools/bin/pip --python /opt/zoomsync/bin/python install --require-hashes --requirement constraints-image.txt
COPY pyproject.toml README.md LICENSE ./
COPY zoomsync zoomsync
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && tools/bin/pip --python /opt/zoomsync/bin/python install --no-deps dist/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="zoomsync" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.description="Registrants of a Zoom event pulled, reminded once and on time, and registration closed at the deadline." \
      org.opencontainers.image.licenses="MIT"
# A number of its own, so that secret files and volumes can be given to it on the host.
RUN groupadd --gid 10001 zoomsync \
    && useradd --uid 10001 --gid zoomsync --no-create-home --home-dir /srv/zoomsync --shell /usr/sbin/nologin zoomsync \
    && install --directory --owner zoomsync --group zoomsync /srv/zoomsync
COPY --from=build /opt/zoomsync /opt/zoomsync
# Compiled when it was built; a container's root file system may be read-only. The web part is reached from outside.
ENV PATH=/opt/zoomsync/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8 \
    ZOOMSYNC_WEB__HOST=0.0.0.0
USER 10001:10001
# The one folder that is written to, but for /tmp: the database, and below it config/, mounted read-only.
WORKDIR /srv/zoomsync
VOLUME /srv/zoomsync
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["zoomsync", "status", "--alive"]
ENTRYPOINT ["zoomsync"]
CMD ["run"]
