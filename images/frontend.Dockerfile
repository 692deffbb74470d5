# The built web app and the small server that hands it out. The stages are those of backend.Dockerfile, which says why.
ARG BASE=docker.io/library/node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

FROM ${BASE} AS system
COPY images/system.mjs /
RUN node /system.mjs /system

FROM ${BASE} AS app
ARG NODE_EXTRA_CA_CERTS
WORKDIR /app
COPY . .
COPY --from=system /system/var/lib/dpkg/status /status
# First with everything that builds the pages, then without it.
RUN npm ci --ignore-scripts --prefer-offline --workspace @instandt/frontend \
 && npm exec --workspace @instandt/frontend -- vite build --logLevel warn \
 && npm ci --omit=dev --ignore-scripts --prefer-offline --workspace @instandt/frontend \
 && node images/prune.mjs frontend && node images/bill.mjs frontend /status

FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG BASE
COPY --from=system /system /
COPY --from=app /app /app
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 PATH=/usr/local/bin
USER 10001:10001
EXPOSE 8080
LABEL org.opencontainers.image.title="instaNDT frontend" \
      org.opencontainers.image.description="Web app and its server" \
      org.opencontainers.image.vendor="instaNDT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["node", "images/health.mjs"]
CMD ["node", "apps/frontend/src/server-main.ts"]
