# Container images of ganserve: target `cpu` (the default) and target `cuda`. docs/operations.md, "The image", says how to
# build and run them; scripts/test-image builds and tries them.
#
#   docker build -t ganserve:dev .                  with Docker (BuildKit), or buildah build --layers ...
#   docker build --target cuda -t ganserve:dev-cuda .
#   --build-arg BASE=debian:bookworm-slim@sha256:...   for a base that does not change
#   --secret id=ca,src=FILE                         certificate authorities for pip, where a proxy inspects TLS
#
# What changes least comes first: Debian's packages, then LibTorch, then our sources. A change of a source compiles what it
# must (ccache) and fetches nothing.
ARG BASE=debian:bookworm-slim
# The folder of the sources meanwhile, and the language of the compiler's messages. Only for these two ccache finds objects
# that were compiled outside.
ARG SOURCE=/usr/src/ganserve
ARG LANG=C.UTF-8

# Debian's packages, by purpose. Files of their own, so that a new line for tests touches no layer. Data sets come as
# volumes; fonts are data sets here.
FROM ${BASE} AS packages
COPY scripts/packages.txt /
RUN sed -nE 's/^build +//p' packages.txt >build.txt && sed -nE '/^run +(dataset|fonts)-/d; s/^run +//p' packages.txt >run.txt

# All of the image but our own files and LibTorch. No setuid programs: nobody in there has a use for them.
FROM ${BASE} AS runtime
COPY --from=packages /run.txt /usr/local/share/ganserve/packages.txt
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update \
    && xargs -a /usr/local/share/ganserve/packages.txt apt-get install -y --no-install-recommends \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/* /var/log/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && install -d -o 65532 -g 65532 /var/lib/ganserve/models /var/lib/ganserve/jobs /var/lib/ganserve/data
ARG BASE
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="ganserve" \
      org.opencontainers.image.description="Images from GANs over gRPC, and the trainer of these GANs" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${BASE}"
ENV GANSERVE_LISTEN=0.0.0.0:50051 \
    GANSERVE_METRICS_LISTEN=0.0.0.0:9464 \
    GANSERVE_LOG_FORMAT=json
EXPOSE 50051 9464 50052
WORKDIR /var/lib/ganserve
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/ganserve"]

FROM ${BASE} AS tools
COPY --from=packages /build.txt /
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && xargs -a build.txt apt-get install -y --no-install-recommends && rm -rf /var/lib/apt/lists/*
ARG SOURCE
WORKDIR ${SOURCE}
COPY scripts/requirements.txt scripts/setup scripts/

# LibTorch in .deps/, and of it what the image needs under /image.
FROM tools AS libraries-cpu
RUN --mount=type=secret,id=ca,target=/run/ca.pem \
    if [ -s /run/ca.pem ]; then export PIP_CERT=/run/ca.pem; fi && scripts/setup --no-apt
COPY deploy/image/collect-libraries deploy/image/
RUN deploy/image/collect-libraries .deps /image/libraries

FROM tools AS libraries-cuda
RUN --mount=type=secret,id=ca,target=/run/ca.pem \
    if [ -s /run/ca.pem ]; then export PIP_CERT=/run/ca.pem; fi && scripts/setup --no-apt --cuda
COPY deploy/image/collect-libraries deploy/image/
RUN deploy/image/collect-libraries .deps /image/libraries

FROM scratch AS sources
COPY CMakeLists.txt CMakePresets.json /
COPY cmake /cmake
COPY proto /proto
COPY models /models
COPY extractors /extractors
COPY client /client
COPY server /server

# The executables, the same for both targets: they load CUDA's libraries where they are.
FROM libraries-cpu AS programs
COPY --from=sources / ./
ARG LANG
COPY deploy/image/build-programs deploy/image/
RUN --mount=type=cache,id=ganserve-ccache,target=/var/cache/ccache deploy/image/build-programs /image
# The packages are those of the image, hence its dpkg folder.
COPY --from=runtime /var/lib/dpkg /image/debian/var/lib/dpkg
COPY --from=runtime /usr/share/doc /image/debian/usr/share/doc
COPY deploy/image/make_sbom.py deploy/image/

# With the list of what each image is made of.
FROM programs AS listed-cpu
RUN deploy/image/make_sbom.py /image

FROM libraries-cuda AS listed-cuda
COPY --from=sources / ./
COPY --from=programs /image/programs /image/programs
COPY --from=programs /image/debian /image/debian
COPY --from=programs /image/headers.txt /image/
COPY deploy/image/make_sbom.py deploy/image/
RUN deploy/image/make_sbom.py /image

# LibTorch is a layer of its own: a node that has an older version fetches only the few megabytes of the programs.
FROM runtime AS cuda
COPY --from=libraries-cuda /image/libraries /
COPY --from=listed-cuda /image/programs /

FROM runtime AS cpu
COPY --from=libraries-cpu /image/libraries /
COPY --from=listed-cpu /image/programs /
