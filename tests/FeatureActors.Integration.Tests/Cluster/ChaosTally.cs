using System.Globalization;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>A node that was frozen.</summary>
/// <param name="Length">From SIGSTOP to SIGCONT.</param>
/// <param name="Phase">The phase of a checkpoint that it was to be frozen in; null for any moment.</param>
/// <param name="IsPhaseMet">True when the server saw it stay in that phase.</param>
/// <param name="Refusals">Shards at which it was refused afterwards, by Redis or PostgreSQL.</param>
internal sealed record Freeze(TimeSpan Length, CheckpointPhase? Phase, bool IsPhaseMet, int Refusals);

/// <summary>What was done in a run, and whether it was enough for the run to show something.</summary>
internal sealed class ChaosTally
{
    // What a run of 20 minutes has at least.
    private const int FaultsMin = 60;
    private const int ZombiesMin = 5;
    private const long EventsMin = 2_000_000;
    private static readonly TimeSpan FullLength = TimeSpan.FromMinutes(20);

    // Below this the longest fault or a busy machine weighs too much: half of the share is asked for.
    private static readonly TimeSpan ShortLength = TimeSpan.FromMinutes(4);

    private readonly Dictionary<Fault, int> _faults = [];
    private readonly List<Freeze> _freezes = [];

    public int Faults => _faults.Values.Sum();

    /// <summary>Freezes that outlasted the session, so that others own what the node still holds.</summary>
    public int Zombies => _freezes.Count(static f => f.Length > Live.LiveNode.SessionTimeout);

    public void Add(Fault fault) => _faults[fault] = _faults.GetValueOrDefault(fault) + 1;

    public void Add(Freeze freeze) => _freezes.Add(freeze);

    /// <summary>What is below the least that a run of this length must have; empty when nothing is.</summary>
    /// <param name="length">How long faults were made.</param>
    /// <param name="events">Events in the topic.</param>
    /// <param name="refusals">Writes of former owners that were refused.</param>
    public IEnumerable<string> Shortfalls(TimeSpan length, long events, int refusals)
    {
        double share = Math.Min(1, length / FullLength) * (length < ShortLength ? 0.5 : 1);
        Fault[] missing = [.. Enum.GetValues<Fault>().Except(_faults.Keys)];
        return Below("faults", Faults, FaultsMin * share)
            .Concat(Below("kinds of fault", _faults.Count, Math.Min(_faults.Count + missing.Length, FaultsMin * share)))
            .Concat(Below("zombies past their session", Zombies, ZombiesMin * share))
            .Concat(Below("events", events, EventsMin * share))
            .Concat(Below("refused stale writes", refusals, ZombiesMin * share >= 1 ? 1 : 0))
            .Concat(Phases(share))
            .Select(s => missing.Length == 0 ? s : $"{s} (never: {string.Join(", ", missing)})");
    }

    public override string ToString()
    {
        string faults = string.Join(", ", _faults.OrderBy(static f => f.Key).Select(static f => string.Create(CultureInfo.InvariantCulture, $"{f.Value} {f.Key}")));
        string phases = string.Join(", ", _freezes.Where(static f => f.Phase is not null).GroupBy(static f => f.Phase!.Name)
            .Select(static g => string.Create(CultureInfo.InvariantCulture, $"{g.Count(static f => f.IsPhaseMet)} of {g.Count()} in {g.Key}")));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Faults} faults: {faults}\n{Zombies} zombies past their session, {_freezes.Count(static f => f.Refusals > 0)} of {_freezes.Count} frozen nodes had writes refused; frozen in a checkpoint: {(phases.Length == 0 ? "none" : phases)}");
    }

    private IEnumerable<string> Phases(double share) => share < 1
        ? []
        : new[] { CheckpointPhase.Copy, CheckpointPhase.Transaction, CheckpointPhase.Commit }
            .SelectMany(p => Below($"freezes in the {p.Name} of a checkpoint", _freezes.Count(f => f.Phase == p && f.IsPhaseMet), 1));

    private static IEnumerable<string> Below(string what, long actual, double least)
    {
        if (actual < (long)least)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{actual} {what}, at least {(long)least} are needed");
        }
    }
}
