# syntax=docker/dockerfile:1
# The built web app and the small server that hands it out.
ARG BASE=docker.io/library/node:24.21.0-bookworm-slim

FROM ${BASE} AS pages
ARG NODE_EXTRA_CA_CERTS
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund --ignore-scripts --workspace @instandt/frontend \
 && npm exec --workspace @instandt/frontend -- vite build --logLevel warn

FROM ${BASE} AS packages
ARG NODE_EXTRA_CA_CERTS
WORKDIR /app
COPY . .
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace @instandt/frontend \
 && node images/prune.mjs frontend
COPY --from=pages /app/apps/frontend/dist apps/frontend/dist

FROM ${BASE} AS system
COPY images/strip.mjs /strip.mjs
RUN node /strip.mjs

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
LABEL org.opencontainers.image.title="instaNDT frontend" \
      org.opencontainers.image.description="Web app and its server" \
      org.opencontainers.image.vendor="instaNDT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["node", "images/health.mjs"]
CMD ["node", "apps/frontend/src/server-main.ts"]
