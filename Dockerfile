# Two images, jetcmq and its example subscriber, each of them in two ways:
#
#   docker build .                    compiles in an image that has Go; needs nothing else
#   make image                        compiles with this machine's Go, and pulls nothing at all
#
# The older docker builder works through all stages up to the one it was asked
# for, so what needs no pull comes first.
ARG GO_IMAGE=golang:1.26

# The user is numbers, because nothing here has a name for it. 9 s is less than
# the 10 s that docker stop waits before it kills.
FROM scratch AS jetcmq-base
LABEL org.opencontainers.image.title="JetCMQ" \
	org.opencontainers.image.description="Tencent Cloud CMQ's HTTP API over NATS JetStream" \
	org.opencontainers.image.source="https://github.com/jetcmq/jetcmq" \
	org.opencontainers.image.licenses="Apache-2.0"
# There is no /tmp; JETCMQ_DURABILITY=memory wants a temporary directory.
ENV JETCMQ_ADDR=:8080 JETCMQ_NATS_ADDR=:4222 JETCMQ_DATA_DIR=/data JETCMQ_STOP_TIMEOUT=9s TMPDIR=/data
EXPOSE 8080 4222
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["/jetcmq", "health", "--ready"]
ENTRYPOINT ["/jetcmq"]

FROM scratch AS subscriber-base
LABEL org.opencontainers.image.title="JetCMQ example subscriber" org.opencontainers.image.licenses="Apache-2.0"
ENV PORT=8000
EXPOSE 8000
USER 65532:65532
ENTRYPOINT ["/log"]

FROM jetcmq-base AS host-jetcmq
COPY dist/bin/ /
COPY --chown=65532:65532 dist/data/ /data/

FROM subscriber-base AS host-subscriber
COPY dist/examples/ /

FROM ${GO_IMAGE} AS go
ARG GOPROXY
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make dist

FROM subscriber-base AS compile-subscriber
COPY --from=go /src/dist/examples/ /

FROM jetcmq-base AS compile-jetcmq
COPY --from=go /src/dist/bin/ /
COPY --from=go --chown=65532:65532 /src/dist/data/ /data/
