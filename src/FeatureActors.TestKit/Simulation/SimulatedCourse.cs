namespace FeatureActors.TestKit.Simulation;

/// <summary>The course of a run: virtual time, one queue of things to come, one source of chance, the story so far and the tally.</summary>
internal sealed class SimulatedCourse(int seed, long startMs, bool keepsStory)
{
    private readonly PriorityQueue<Action, (long, long)> _queue = new();
    private readonly List<string> _story = [];
    private long _sequence;

    public int Seed => seed;

    public Random Random { get; } = new(seed);

    public VirtualClock Clock { get; } = new() { NowMs = startMs };

    public long NowMs => Clock.NowMs;

    public long StartMs => startMs;

    /// <summary>True while faults may happen.</summary>
    public bool IsStormy { get; set; }

    public Dictionary<string, long> Faults { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> Met { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> Moves { get; } = new(StringComparer.Ordinal);

    public long Comparisons { get; set; }

    public long Events { get; set; }

    public IReadOnlyList<string> Story => _story;

    public void Tell(string what)
    {
        if (keepsStory)
        {
            _story.Add(FormattableString.Invariant($"{(NowMs - startMs) / 1000.0,10:0.000}  {what}"));
        }
    }

    /// <summary>True when <see cref="Tell"/> keeps what it is told: costly texts are made only then.</summary>
    public bool IsToldTo => keepsStory;

    public void Fault(string kind, string detail = "")
    {
        Faults[kind] = Faults.GetValueOrDefault(kind) + 1;
        if (keepsStory)
        {
            Tell($"FAULT {kind} {detail}");
        }
    }

    /// <summary>Counts something that a run of many seeds must have met.</summary>
    public void Meet(string what) => Met[what] = Met.GetValueOrDefault(what) + 1;

    public void Move(string move) => Moves[move] = Moves.GetValueOrDefault(move) + 1;

    public bool Chance(double probability) => Random.NextDouble() < probability;

    /// <summary>True with the probability while faults may happen.</summary>
    public bool Strikes(double probability) => IsStormy && Chance(probability);

    public void After(long delayMs, Action action) => _queue.Enqueue(action, (NowMs + delayMs, _sequence++));

    /// <summary>Runs everything up to <paramref name="timeMs"/>.</summary>
    public void RunTo(long timeMs)
    {
        while (_queue.TryPeek(out Action? action, out (long At, long) due) && due.At <= timeMs)
        {
            _queue.Dequeue();
            Clock.NowMs = Math.Max(Clock.NowMs, due.At);
            action();
        }

        Clock.NowMs = Math.Max(Clock.NowMs, timeMs);
    }

    /// <summary>Ends the run: a law is broken.</summary>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public static void Violate(SimulatedLaw law, string found) => throw new SimulationViolationException(law, found);
}

/// <summary>A law that a run broke.</summary>
/// <param name="law">Which.</param>
/// <param name="found">What was expected and what was found.</param>
internal sealed class SimulationViolationException(SimulatedLaw law, string found) : Exception(found)
{
    public SimulatedLaw Law => law;
}
