using FeatureActors.Core.Batches;

namespace FeatureActors.Core.Entities;

/// <summary>
/// Where rows of some groups and of a span of event time go at one time T: for each feature that can hold them, the start of its slot.
/// Rows of a batch are close in time, so it is mostly found once for many of them, whatever their keys. Not safe for concurrent use.
/// </summary>
/// <param name="featuresMax">Features of the plan.</param>
internal sealed class RowPlacement(int featuresMax)
{
    private readonly PlacedFeature[] _features = new PlacedFeature[featuresMax];
    private int _count;
    private ulong _groups;
    private long _fromMs;
    private long _endMs;
    private long _narrowFromMs;
    private long _narrowEndMs;
    private long _nowMs;
    private long _idleNowMs;

    /// <summary>Groups (by place in the plan) that take the rows.</summary>
    public ulong Taken { get; set; }

    /// <summary>Groups (by place in the plan) for which the rows are beyond retention.</summary>
    public ulong Late { get; set; }

    /// <summary>The features that can hold the rows.</summary>
    public ReadOnlySpan<PlacedFeature> Features => _features.AsSpan(0, _count);

    /// <summary>Event times for which it holds: the first, and the first behind them.</summary>
    public (long FromMs, long EndMs) Span => (_fromMs, _endMs);

    /// <summary>True when the row goes where the placed ones go.</summary>
    public bool Holds(in RowHead head, long nowMs, long idleNowMs) =>
        head.EventTimeMs >= _fromMs && head.EventTimeMs < _endMs && head.Groups == _groups && nowMs == _nowMs && idleNowMs == _idleNowMs;

    /// <summary>Begins anew for rows of any time. It holds for none until <see cref="Complete"/>.</summary>
    public void Begin(ulong groups, long nowMs, long idleNowMs)
    {
        _groups = groups;
        _nowMs = nowMs;
        _idleNowMs = idleNowMs;
        _endMs = _narrowFromMs = long.MinValue;
        _narrowEndMs = long.MaxValue;
        _count = 0;
        Taken = Late = 0;
    }

    /// <summary>Holds for no row from here on.</summary>
    public void Forget() => _endMs = long.MinValue;

    /// <summary>Says that rows of other times may go elsewhere.</summary>
    public void Narrow(long fromMs, long endMs)
    {
        _narrowFromMs = Math.Max(_narrowFromMs, fromMs);
        _narrowEndMs = Math.Min(_narrowEndMs, endMs);
    }

    /// <summary>Says that it holds for other rows too.</summary>
    public void Complete()
    {
        _fromMs = _narrowFromMs;
        _endMs = _narrowEndMs;
    }

    /// <summary>Adds a feature that can hold the rows.</summary>
    public void Add(int feature, long startMs) => _features[_count++] = new PlacedFeature(feature, startMs);
}

/// <summary>The slot of a feature that rows go to.</summary>
/// <param name="Feature">Index of the feature in the plan.</param>
/// <param name="StartMs">Start of the slot.</param>
internal readonly record struct PlacedFeature(int Feature, long StartMs);
