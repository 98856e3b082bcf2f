namespace FeatureActors.Benchmarks;

/// <summary>The same features kept by Redis commands per event.</summary>
internal static class RedisSideBenchmark
{
    /// <summary>Runs it.</summary>
    public static Task RunAsync(BenchOptions options) =>
        throw new ArgumentException($"bench {options.Name} is promised and not built yet");
}
