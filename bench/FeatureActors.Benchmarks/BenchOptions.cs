using System.Globalization;
using FeatureActors.Benchmarks.Nodes;

namespace FeatureActors.Benchmarks;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    /// <summary>Which benchmark.</summary>
    public required string Name { get; init; }

    /// <summary>File for the results, or null.</summary>
    public string? Json { get; init; }

    /// <summary>Runs whose medians are reported.</summary>
    public int Runs { get; init; } = 5;

    /// <summary>Events of a run; 0 for the benchmark's own number.</summary>
    public long Events { get; init; }

    /// <summary>Keys of the event stream; 0 for the benchmark's own number.</summary>
    public int Keys { get; init; }

    /// <summary>Profiles; empty for the benchmark's own.</summary>
    public IReadOnlyList<string> Profiles { get; init; } = [];

    /// <summary>Where the nodes keep checkpoints; each run is made with every one, in turn.</summary>
    public IReadOnlyList<StoreKind> Stores { get; init; } = [StoreKind.Sqlite];

    /// <summary>Event time that the events cover, back from now: 0 gives every event the time it is written at.</summary>
    public TimeSpan Span { get; init; }

    /// <summary>Seconds of the paced run that measures latency; 0 leaves it out.</summary>
    public int PacedSeconds { get; init; } = 15;

    /// <summary>Events a second of the paced run; 0 for half of what was reached, divided by the number of stores.</summary>
    public int PacedRate { get; init; }

    /// <summary>Milliseconds by which updates of a key are coalesced.</summary>
    public int CoalesceMs { get; init; } = 1_000;

    /// <summary>Planned moves to measure, at least.</summary>
    public int Moves { get; init; } = 100;

    /// <summary>Entities of the large shard that is taken over.</summary>
    public int Entities { get; init; } = 2_000_000;

    /// <summary>Folder that the logs of the nodes are copied to, or null.</summary>
    public string? Logs { get; init; }

    /// <summary>Reads the words after <c>bench</c>.</summary>
    /// <exception cref="ArgumentException">A word is unknown or its value is not what it should be.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> words)
    {
        if (words.Count == 0 || words[0].StartsWith('-'))
        {
            throw new ArgumentException("which benchmark? limits, apply, evaluate, pipeline, redis-side, memory or takeover");
        }

        var options = new BenchOptions { Name = words[0] };
        for (int i = 1; i < words.Count; i += 2)
        {
            if (i + 1 == words.Count)
            {
                throw new ArgumentException($"{words[i]} needs a value");
            }

            options = options.With(words[i], words[i + 1]);
        }

        return options;
    }

    private static int Number(string option, string text, int least) =>
        int.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new ArgumentException($"{option} needs a whole number from {least}, not '{text}'");

    private static StoreKind Store(string word) => word switch
    {
        "off" => StoreKind.Off,
        "sqlite" => StoreKind.Sqlite,
        "postgres" => StoreKind.Postgres,
        _ => throw new ArgumentException($"--store knows sqlite, postgres and off, not '{word}'"),
    };

    private BenchOptions With(string option, string value) => option switch
    {
        "--json" => this with { Json = value },
        "--runs" => this with { Runs = Number(option, value, 1) },
        "--events" => this with { Events = Number(option, value, 1_000) },
        "--keys" => this with { Keys = Number(option, value, 1) },
        "--profile" => this with { Profiles = value.Split(',') },
        "--store" => this with { Stores = [.. value.Split(',').Select(Store)] },
        "--span-minutes" => this with { Span = TimeSpan.FromMinutes(Number(option, value, 0)) },
        "--paced-seconds" => this with { PacedSeconds = Number(option, value, 0) },
        "--paced-rate" => this with { PacedRate = Number(option, value, 0) },
        "--coalesce-ms" => this with { CoalesceMs = Number(option, value, 0) },
        "--moves" => this with { Moves = Number(option, value, 1) },
        "--logs" => this with { Logs = value },
        "--entities" => this with { Entities = Number(option, value, 1) },
        _ => throw new ArgumentException(
            $"unknown option {option}; there are --json, --runs, --events, --keys, --profile, --store, --span-minutes, --paced-seconds, --paced-rate, --coalesce-ms, --moves, --entities, --logs"),
    };
}
