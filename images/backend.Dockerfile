# syntax=docker/dockerfile:1
# One image for the server, its worker, the migration job and the ops job: they differ by their command.
# BASE is given by its digest in CI (images/README.md); the tag says which release it is.
ARG BASE=docker.io/library/node:24.21.0-bookworm-slim

FROM ${BASE} AS packages
# Certificates of a network that looks into TLS, mounted for the build alone.
ARG NODE_EXTRA_CA_CERTS
WORKDIR /app
COPY . .
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace @instandt/backend --workspace @instandt/migrate \
 && node images/prune.mjs backend

FROM ${BASE} AS system
COPY images/strip.mjs /strip.mjs
RUN node /strip.mjs

# From nothing: what was removed above is not hidden in a layer below, it is not there.
FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG BASE
COPY --from=system / /
COPY --from=packages /app /app
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 PATH=/usr/local/bin:/usr/bin:/bin
USER 10001:10001
EXPOSE 8080
LABEL org.opencontainers.image.title="instaNDT backend" \
      org.opencontainers.image.description="Server, worker, migration job and operations job" \
      org.opencontainers.image.vendor="instaNDT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["node", "images/health.mjs"]
CMD ["node", "apps/backend/src/main.ts"]
