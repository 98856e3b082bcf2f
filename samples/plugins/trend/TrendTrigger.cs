using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;

namespace Samples.Plugins.Trend;

/// <summary>
/// Fires where the trend of one field turns. State: direction (0 none yet, 1 up, 2 down) and, as a double, the highest value of the
/// rise or the lowest of the fall. An absent value leaves the trend as it is.
/// </summary>
internal sealed class TrendTrigger(int field, double by, long coalesceMs) : IValueTrigger
{
    private const byte Up = 1;
    private const byte Down = 2;

    public TriggerClock Clock => TriggerClock.Processing;

    public int StateBytes => 9;

    public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs + coalesceMs;

    public bool Fires(in TriggerValues values, Span<byte> state)
    {
        double value = values.Number(field);
        if (double.IsNaN(value))
        {
            return false;
        }

        double extreme = BinaryPrimitives.ReadDoubleLittleEndian(state[1..]);
        byte direction = state[0];
        double step = Math.Abs(extreme) * by;
        byte next = direction switch
        {
            Up => value <= extreme - step && value < extreme ? Down : Up,
            Down => value >= extreme + step && value > extreme ? Up : Down,
            _ => Up,
        };
        if (next != direction || (next == Up ? value > extreme : value < extreme))
        {
            state[0] = next;
            BinaryPrimitives.WriteDoubleLittleEndian(state[1..], value);
        }

        // The first value only sets out: there is no trend yet that could turn.
        return direction != 0 && next != direction;
    }
}
