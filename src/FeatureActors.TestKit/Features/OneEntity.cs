using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.TestKit.Features;

/// <summary>
/// One feature of one entity under a manual clock, for tests that read: given rows, when time is, then the value is.
/// <code>
/// new OneEntity(aggregate, 60_000).Given(new SampleRow(1_000, 2.0)).WhenTimeIs(5_000).Then("2")
/// </code>
/// Slots fold and leave as the clock moves, as they do in a node. Not safe for concurrent use.
/// </summary>
public sealed class OneEntity
{
    private readonly FeatureAggregate _aggregate;
    private readonly AggregateDriver _driver;

    /// <summary>An entity without rows at the time 0.</summary>
    /// <param name="aggregate">The feature's aggregate.</param>
    /// <param name="windowMs">Size of its sliding window in milliseconds, in slots of a sixtieth; not used by a type without windows.</param>
    public OneEntity(FeatureAggregate aggregate, long windowMs = 60_000)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        _aggregate = aggregate;
        SlidingWindow window = aggregate.Traits.HasFlag(FeatureTraits.Unwindowed)
            ? SlidingWindow.Lifetime("")
            : SlidingWindow.Of("window", windowMs, Math.Max(1, windowMs / 60));
        _driver = new AggregateDriver(aggregate, new SlotTimeline([window])) { MayBeNotFinite = false };
    }

    /// <summary>The time T.</summary>
    public ManualClock Clock { get; } = new();

    /// <summary>The value at the present time as it would stand in Redis; null when it is absent.</summary>
    public string? Value
    {
        get
        {
            _driver.Fold(Clock.NowMs);
            return _driver.Evaluate(0, Clock.NowMs);
        }
    }

    /// <summary>Flags of the value read last.</summary>
    public ValueQuality Quality => _driver.Quality;

    /// <summary>Adds rows in this order; rows that the feature does not accept are left out, as in a node.</summary>
    public OneEntity Given(params ReadOnlySpan<SampleRow> rows)
    {
        foreach (SampleRow row in rows)
        {
            _driver.Apply(row);
        }

        return this;
    }

    /// <summary>Moves the clock to a time.</summary>
    public OneEntity WhenTimeIs(long nowMs)
    {
        Clock.MoveTo(nowMs);
        return this;
    }

    /// <summary>Moves the clock on.</summary>
    public OneEntity WhenTimeAdvances(TimeSpan by)
    {
        Clock.Advance(by);
        return this;
    }

    /// <summary>Holds the value to what is expected: null for absent; numbers to 1e-9 relative.</summary>
    /// <exception cref="InvalidOperationException">It is another; the message has both and the time.</exception>
    public OneEntity Then(string? expected)
    {
        string? actual = Value;
        return FeatureTypeLaws.AreSame(expected, actual)
            ? this
            : throw new InvalidOperationException(FormattableString.Invariant(
                $"at {Clock.NowMs} ms: expected {expected ?? "absent"}, got {actual ?? "absent"} ({_aggregate.GetType().Name})"));
    }
}
