# tlslab and nothing else: the static binary in an empty image.
#
#   docker build --tag tlslab .
#   docker run --rm tlslab demo
#   docker run --rm --volume "$PWD:/lab" --publish 127.0.0.1:4433:4433 tlslab serve --listen 0.0.0.0:4433
FROM rust:1.95-slim-bookworm AS build
WORKDIR /tlslab
COPY . .
# No C compiler is wanted; gcc is there as the linker.
RUN CC=/bin/false packaging/static

FROM scratch
COPY --from=build /tlslab/target/static/tlslab /tlslab
# Keys are written where the caller mounted a folder.
WORKDIR /lab
ENTRYPOINT ["/tlslab"]
CMD ["--help"]
