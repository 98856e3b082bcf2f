using FeatureActors.Abstractions.Features;

namespace FeatureActors.KindsPlugin;

/// <summary><c>custom:shift</c>: the day from 06:00 to 22:00 UTC and the night; <c>backwards = true</c> makes it nonsense.</summary>
public sealed class ShiftSlots : ISlotAssignerType
{
    private const long HourMs = 3_600_000;
    private const long DayMs = 24 * HourMs;

    /// <inheritdoc/>
    public string Name => "shift";

    /// <inheritdoc/>
    public ISlotAssigner? Bind(SettingsBinding settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new Assigner(settings.DurationMs("begin", 6 * HourMs, 0, 7 * HourMs), settings.Flag("backwards", false));
    }

    private sealed class Assigner(long beginMs, bool isBackwards) : ISlotAssigner
    {
        private const long DayShiftMs = 16 * HourMs;

        public long StartOf(long eventTimeMs)
        {
            long since = eventTimeMs - beginMs;
            long day = since - (((since % DayMs) + DayMs) % DayMs);
            return (since - day < DayShiftMs ? day : day + DayShiftMs) + beginMs;
        }

        public long NextStart(long startMs) => isBackwards ? startMs - 1
            : (startMs - beginMs) % DayMs == 0 ? startMs + DayShiftMs
            : startMs + DayMs - DayShiftMs;
    }
}
