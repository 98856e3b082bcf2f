using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Entities;

/// <summary>
/// The fields of one feature's windows while its type evaluates them in one go: each value becomes a field when the next window begins.
/// Reused for every feature; not safe for concurrent use.
/// </summary>
internal sealed class FieldRun(int windowsMax) : NestedWindows
{
    private readonly Window[] _windows = new Window[windowsMax];
    private GroupValues _values = null!;
    private long _nowMs;
    private int _count;
    private int _at;

    /// <inheritdoc/>
    public override int First => _windows[_at].First;

    /// <inheritdoc/>
    public override long WindowMs => _windows[_at].LengthMs;

    /// <inheritdoc/>
    public override FeatureValueWriter Value => _values.Writer;

    /// <summary>What was written since the writer began a value.</summary>
    public static FieldValue ValueOf(FeatureValueWriter writer)
    {
        int length = writer.Value.Length;
        return new FieldValue(writer.Kind, writer.Written.Length - length, length, writer.Quality, writer.Numeric);
    }

    /// <summary>Writes the value of a window without slots; nothing when it has none.</summary>
    public static void WriteEmpty(FeatureValueWriter writer, ReadOnlySpan<byte> empty)
    {
        if (empty.Length == 1 && empty[0] == (byte)'0')
        {
            writer.Write(0L);
        }
        else if (!empty.IsEmpty)
        {
            writer.WriteJson(empty);
        }
    }

    /// <summary>Begins the run of a feature at T.</summary>
    public void Clear(GroupValues values, long nowMs)
    {
        _values = values;
        _nowMs = nowMs;
        _count = 0;
        _at = -1;
    }

    /// <summary>Adds a window whose first slot is <paramref name="first"/>.</summary>
    public void Add(FeatureWindow window, WindowFieldPlan field, int fieldIndex, int first) =>
        _windows[_count++] = new Window(first, window.LengthMs, fieldIndex, _nowMs < field.WarmAtMs);

    /// <summary>Gives the windows in front that have no slot before <paramref name="end"/> their value; answers how many they are.</summary>
    public int WriteEmpty(int end, ReadOnlySpan<byte> empty)
    {
        int written = 0;
        for (; written < _count && _windows[written].First >= end; written++)
        {
            MoveNext();
            WriteEmpty(Value, empty);
            Keep();
        }

        return written;
    }

    /// <inheritdoc/>
    public override bool MoveNext()
    {
        Keep();
        if (_at + 1 >= _count)
        {
            return false;
        }

        _at++;
        Value.Begin();
        if (_windows[_at].IsWarming)
        {
            Value.Flag(ValueQuality.Warming);
        }

        return true;
    }

    /// <summary>Ends the run.</summary>
    /// <exception cref="InvalidOperationException">The type left a window out.</exception>
    public void Finish()
    {
        if (MoveNext())
        {
            throw new InvalidOperationException("EvaluateNested stopped before the last window");
        }
    }

    private void Keep()
    {
        if (_at >= 0)
        {
            _values.Set(_windows[_at].Field, ValueOf(Value));
        }
    }

    private readonly record struct Window(int First, long LengthMs, int Field, bool IsWarming);
}
