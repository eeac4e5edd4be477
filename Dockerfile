# One image for each part, built from here: docker build --target service --build-arg PART=services/memory --tag timeloom/memory .
# tools/build_images.sh builds all of them.
FROM python:3.11-slim AS build
ARG PART
WORKDIR /src
COPY bootstrap.lock requirements.lock excludes.in ./
RUN python -m venv /opt/timeloom \
    && pip install --no-cache-dir --require-hashes -r bootstrap.lock
COPY sdk/python sdk/python
COPY platform platform
COPY ${PART} ${PART}
# The lock as constraints: exactly its versions and hashes, but only what this part needs.
RUN uv pip install --no-cache --python /opt/timeloom/bin/python --constraints requirements.lock --excludes excludes.in \
        --compile-bytecode ./sdk/python ./platform ./${PART}
# What a part's folder is called, its package is, too: services/memory has timeloom_memory.
RUN printf '#!/bin/sh\nexec /opt/timeloom/bin/python -m timeloom_%s "$@"\n' "${PART##*/}" > /opt/timeloom/bin/serve \
    && chmod 755 /opt/timeloom/bin/serve

FROM node:20-slim AS web
WORKDIR /src/web
COPY web .
RUN npm ci --no-audit --no-fund && npm run console

FROM python:3.11-slim AS service
COPY --from=build /opt/timeloom /opt/timeloom
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin timeloom
USER 10001:10001
ENV PATH=/opt/timeloom/bin:$PATH PYTHONUNBUFFERED=1 TIMELOOM_LOG_FORMAT=json
# HTTP and gRPC of the gateway, gRPC of a service, metrics.
EXPOSE 8080 8081 9090 9100
ENTRYPOINT ["serve"]

# The gateway alone serves the console.
FROM service AS gateway
COPY --from=web /src/web/apps/console/dist /opt/timeloom/console
ENV TIMELOOM_CONSOLE_DIR=/opt/timeloom/console
