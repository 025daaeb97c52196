# One image for the API and the worker; the command decides which it is.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json prisma.config.ts ./
COPY prisma ./prisma
COPY scripts/build.js scripts/build-web.js ./scripts/
COPY schema.graphql ./
COPY web ./web
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24.21.0-bookworm-slim
# Inside a container, loopback would reach nobody: who may connect is decided by the ports that are published.
ENV NODE_ENV=production \
    NODE_OPTIONS=--enable-source-maps \
    VITRINE_DATA=/data \
    VITRINE_HOST=0.0.0.0
# For the frames of videos (without it they are kept unseen), and for metadata written into files.
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg perl && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json ./
COPY prisma/migrations ./prisma/migrations
COPY models ./models
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# A fresh volume mounted on /data takes over this owner.
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 4000
CMD ["node", "dist/main.js", "serve"]
