# One image for the server, its worker, the migration job and the ops job: they differ by their command.
# The base is pinned by its digest; the tag says which release that is. Both Dockerfiles name the same one.
ARG BASE=docker.io/library/node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

FROM ${BASE} AS system
COPY images/system.mjs /
RUN node /system.mjs /system

FROM ${BASE} AS app
# Certificates of a network that looks into TLS, mounted for the build alone.
ARG NODE_EXTRA_CA_CERTS
WORKDIR /app
COPY . .
COPY --from=system /system/var/lib/dpkg/status /status
# No script of a package runs: what is installed is what the lock file's hashes say.
RUN npm ci --omit=dev --ignore-scripts --prefer-offline --workspace @instandt/backend --workspace @instandt/migrate \
 && node images/prune.mjs backend && node images/bill.mjs backend /status

# From nothing: what was left behind above is not hidden in a layer below, it is not there.
FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG BASE
COPY --from=system /system /
COPY --from=app /app /app
WORKDIR /app
# Chunks of files are young: a small space for them frees their memory early (package.json has the same for npm start).
ENV NODE_OPTIONS=--max-semi-space-size=4
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 PATH=/usr/local/bin
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
