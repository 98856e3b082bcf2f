using System.Buffers.Binary;
using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Windows;

/// <summary>
/// Periods of a plug-in, as a table of their starts from 1970 to 2100; before and behind it the first and the last period repeat. The plug-in is asked once, while
/// the table is built, so no row ever waits for it. Equal when name and starts are.
/// </summary>
public sealed class TablePeriods : Periods
{
    /// <summary>Most periods of a table: one an hour.</summary>
    public const int PeriodsMax = 1_200_000;

    /// <summary>Shortest period in milliseconds, and the unit of all starts: blocks store starts in such steps.</summary>
    public const long UnitMs = 1_000;

    // 1970-01-01 and 2101-01-01, UTC.
    private const long FirstMs = 0;
    private const long LastMs = 4_133_980_800_000;

    private readonly long[] _starts;
    private readonly long _firstLengthMs;
    private readonly long _lastLengthMs;

    private TablePeriods(string name, string settings, long[] starts)
    {
        Name = name;
        SettingsText = settings;
        _starts = starts;
        _firstLengthMs = starts[1] - starts[0];
        _lastLengthMs = starts[^1] - starts[^2];
        LengthMsMin = long.MaxValue;
        long divisor = starts[0] == 0 ? SlotWidths.Unbounded : Math.Abs(starts[0]);
        for (int i = 1; i < starts.Length; i++)
        {
            long length = starts[i] - starts[i - 1];
            LengthMsMin = Math.Min(LengthMsMin, length);
            LengthMsMax = Math.Max(LengthMsMax, length);
            divisor = SlotWidths.CommonDivisor(divisor, length);
        }

        DivisorMs = divisor;
        Text = $"{name}#{HashOf(starts)}";
    }

    /// <summary>Its name in definitions, such as <c>custom:shift</c>.</summary>
    public string Name { get; }

    /// <summary>The settings of the plug-in as definitions write them behind the name: <c>, start = 6h</c>; empty without settings.</summary>
    public string SettingsText { get; }

    /// <inheritdoc/>
    public override string Word => Name[(Name.IndexOf(':', StringComparison.Ordinal) + 1)..];

    /// <summary>The name with a hash of all starts, such as <c>custom:shift#1f0a…</c>: another version of a plug-in that cuts alike is the same.</summary>
    public override string Text { get; }

    /// <inheritdoc/>
    public override long UniformMs => SlotWidths.Unbounded;

    /// <inheritdoc/>
    public override long LengthMsMax { get; }

    /// <inheritdoc/>
    public override long LengthMsMin { get; }

    /// <inheritdoc/>
    public override long DivisorMs { get; }

    /// <summary>Asks an assigner for all of its starts.</summary>
    /// <param name="name">Its name in definitions.</param>
    /// <param name="settings">From <see cref="SettingsText"/>.</param>
    /// <param name="assigner">The plug-in; whatever it throws is the caller's.</param>
    /// <param name="flaw">Why its answers are no periods, or null.</param>
    /// <returns>The periods, or null.</returns>
    public static TablePeriods? Of(string name, string settings, ISlotAssigner assigner, out string? flaw)
    {
        ArgumentNullException.ThrowIfNull(assigner);
        var starts = new List<long> { assigner.StartOf(FirstMs) };
        flaw = starts[0] > FirstMs || starts[0] < FirstMs - LastMs ? $"StartOf({FirstMs}) is {starts[0]}" : FlawOf(assigner, starts[0]);
        while (flaw is null && (starts[^1] < LastMs || starts.Count < 2))
        {
            long next = assigner.NextStart(starts[^1]);
            flaw = next - starts[^1] < UnitMs ? string.Create(CultureInfo.InvariantCulture, $"NextStart({starts[^1]}) is {next}, less than a second later")
                : next > LastMs * 2 ? string.Create(CultureInfo.InvariantCulture, $"NextStart({starts[^1]}) is {next}, which lies beyond all time")
                : starts.Count > PeriodsMax ? $"there are more than {PeriodsMax} periods from 1970 to 2100"
                : FlawOf(assigner, next)
                    ?? (assigner.StartOf(next - 1) != starts[^1]
                        ? string.Create(CultureInfo.InvariantCulture, $"StartOf({next - 1}) is {assigner.StartOf(next - 1)}, but NextStart says that its period starts at {starts[^1]}")
                        : null);
            starts.Add(next);
        }

        return flaw is null ? new TablePeriods(name, settings, [.. starts]) : null;
    }

    /// <inheritdoc/>
    public override long IndexOf(long timeMs)
    {
        long[] starts = _starts;
        if (timeMs < starts[0])
        {
            return SlotWidths.Floor(timeMs - starts[0], _firstLengthMs) / _firstLengthMs;
        }

        if (timeMs >= starts[^1])
        {
            return starts.Length - 1 + ((timeMs - starts[^1]) / _lastLengthMs);
        }

        int index = Array.BinarySearch(starts, timeMs);
        return index >= 0 ? index : ~index - 1;
    }

    /// <inheritdoc/>
    public override long StartOf(long index) =>
        index < 0 ? _starts[0] + (index * _firstLengthMs)
        : index < _starts.Length ? _starts[index]
        : _starts[^1] + ((index - (_starts.Length - 1)) * _lastLengthMs);

    private static string? FlawOf(ISlotAssigner assigner, long start) =>
        start % UnitMs != 0 ? string.Create(CultureInfo.InvariantCulture, $"a period starts at {start}, which is no whole second")
        : assigner.StartOf(start) != start ? string.Create(CultureInfo.InvariantCulture, $"StartOf({start}) is {assigner.StartOf(start)}, though a period starts there")
        : null;

    private static string HashOf(long[] starts)
    {
        byte[] bytes = new byte[starts.Length * sizeof(long)];
        for (int i = 0; i < starts.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), starts[i]);
        }

        return StableHash.Of(bytes).ToString("x16", CultureInfo.InvariantCulture);
    }
}
