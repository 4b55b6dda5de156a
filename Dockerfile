# syntax=docker/dockerfile:1

FROM python:3.12-slim AS build
WORKDIR /build
RUN python -m venv /opt/coflow
COPY scripts/locks/runtime.txt ./
# Wheels only: no package runs a script when it is installed.
RUN /opt/coflow/bin/pip install --no-cache-dir --disable-pip-version-check \
        --only-binary=:all: --require-hashes -r runtime.txt

FROM node:24-slim AS editor
WORKDIR /build
COPY LICENSE ./
COPY web ./web
# Packages as locked, by hash, and none of them runs a script when it is installed.
RUN cd web && npm ci --ignore-scripts && npm run build --workspace coflow-editor

FROM python:3.12-slim
LABEL org.opencontainers.image.title="coflow" \
      org.opencontainers.image.description="Self-hosted real-time collaboration server for workflow canvases" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent coflow \
    && install -d -o coflow -g coflow /data
COPY --from=build /opt/coflow /opt/coflow
WORKDIR /app
# The version that the server reports is the project's.
COPY LICENSE pyproject.toml ./
COPY crdt_store ./crdt_store
COPY rest ./rest
COPY server ./server
COPY --from=editor /build/server/editor ./server/editor
RUN /opt/coflow/bin/python -m compileall -q /app
# Tokens are needed: set COFLOW_JWT_SECRET, COFLOW_JWT_PUBLIC_KEY or COFLOW_JWT_JWKS_URL.
ENV PATH=/opt/coflow/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    COFLOW_AUTH_MODE=jwt \
    COFLOW_HOST=0.0.0.0 \
    COFLOW_LOG_FORMAT=json \
    DATABASE_URL=sqlite+aiosqlite:////data/coflow.db \
    PORT=8000
USER coflow
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "server.cli"]
CMD ["serve"]
