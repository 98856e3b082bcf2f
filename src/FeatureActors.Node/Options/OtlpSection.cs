namespace FeatureActors.Node.Options;

/// <summary>Metrics to an OpenTelemetry collector; <c>fa.otlp</c>.</summary>
internal sealed record OtlpSection
{
    public string? Endpoint { get; init; }

    public string Protocol { get; init; } = "grpc";

    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    public string? HeadersFile { get; init; }

    /// <summary>Headers as <c>name=value,name=value</c>, read from their file; null for none.</summary>
    public string? ReadHeaders() => HeadersFile is null ? null : string.Join(',', File.ReadAllLines(HeadersFile).Select(static l => l.Trim()).Where(static l => l.Length > 0));

    // A record would print whatever is in its file's name only; the endpoint may carry a password.
    public override string ToString() => Endpoint is null ? "none" : "a collector";
}
