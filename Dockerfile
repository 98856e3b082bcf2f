# The node as an image. Built by the SDK's image without the analyzers, which CI runs; run on Debian with the librdkafka of the tests.
#   docker build -t feature-actors:dev .
ARG DOTNET_VERSION=10.0

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION} AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY eng ./eng
COPY hocon ./hocon
COPY src ./src
RUN dotnet publish src/FeatureActors.Node -c Release -o /publish -p:GenerateDocumentationFile=false -p:RunAnalyzers=false

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_VERSION} AS dotnet

FROM debian:12-slim
# tzdata: calendar windows. The other libraries are .NET's own needs; texts are invariant, so no ICU.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libgcc-s1 libssl3 libstdc++6 librdkafka1 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 feature-actors \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin feature-actors \
    && install -d -o 10001 -g 10001 /var/lib/feature-actors \
    && install -d /var/lib/feature-actors-plugins
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
COPY --from=build /publish /app
# Beside the program is where the Kafka client looks first.
RUN ln -sf /usr/lib/*-linux-gnu/librdkafka.so.1 /app/librdkafka.so \
    && ln -s /app/FeatureActors.Node /usr/local/bin/fa
COPY hocon/cluster.conf /etc/feature-actors/config/cluster.conf

ENV DOTNET_ROOT=/usr/share/dotnet \
    DOTNET_EnableDiagnostics=0 \
    FA_CONFIG=/etc/feature-actors/config/cluster.conf
USER 10001:10001
WORKDIR /var/lib/feature-actors
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/FeatureActors.Node"]
CMD ["run"]
