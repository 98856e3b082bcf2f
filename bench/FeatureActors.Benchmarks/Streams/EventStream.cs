using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace FeatureActors.Benchmarks.Streams;

/// <summary>
/// The events that are measured: 300 bytes of JSON, of which the definitions read five or six fields. Keys follow a Zipf
/// distribution with exponent 1, or are uniform; the same seed gives the same events.
/// </summary>
internal sealed class EventStream
{
    /// <summary>Bytes of an event.</summary>
    public const int EventBytes = 300;

    private const int Users = 1_000;
    private const int Categories = 40;
    private const string Before = "{\"event_id\":\"00000000-0000-4000-8000-000000000000\",\"session\":\"s-48151623\",\"user_id\":\"u000000\",\"item_id\":\"i0000000\",\"category_id\":\"c00\",\"channel\":\"ch0\",\"value\":000.25,\"ts_ms\":0000000000000,\"currency\":\"EUR\",\"country\":\"DE\",\"agent\":\"";

    private readonly byte[] _event = new byte[EventBytes];
    private readonly double[]? _cumulative;
    private readonly int _keys;
    private readonly int _userAt;
    private readonly int _itemAt;
    private readonly int _categoryAt;
    private readonly int _channelAt;
    private readonly int _valueAt;
    private readonly int _timeAt;
    private ulong _state;

    /// <summary>A stream from its start.</summary>
    public EventStream(int keys, bool isUniform, ulong seed = 1)
    {
        _keys = keys;
        _state = seed * 0x9E3779B97F4A7C15UL;
        byte[] head = Encoding.ASCII.GetBytes(Before);
        head.CopyTo(_event, 0);
        _event.AsSpan(head.Length).Fill((byte)'x');
        "\"}"u8.CopyTo(_event.AsSpan(EventBytes - 2));
        _userAt = Place("\"u000000\"") + 2;
        _itemAt = Place("\"i0000000\"") + 2;
        _categoryAt = Place("\"c00\"") + 2;
        _channelAt = Place("\"ch0\"") + 3;
        _valueAt = Place("000.25");
        _timeAt = Place("0000000000000");
        if (!isUniform)
        {
            _cumulative = new double[keys];
            double sum = 0;
            for (int i = 0; i < keys; i++)
            {
                _cumulative[i] = sum += 1.0 / (i + 1);
            }
        }
    }

    /// <summary>The present event's key.</summary>
    public int Key { get; private set; }

    /// <summary>The present event's key as in the event.</summary>
    public ReadOnlyMemory<byte> KeyBytes => _event.AsMemory(_itemAt - 1, 8);

    /// <summary>Moves to the next event.</summary>
    /// <returns>Its bytes; valid until the next call.</returns>
    public ReadOnlyMemory<byte> Next(long eventTimeMs) => NextOf(NextKey(), eventTimeMs);

    /// <summary>Moves to an event of the given key, from 0 to 9,999,999.</summary>
    /// <returns>Its bytes; valid until the next call.</returns>
    public ReadOnlyMemory<byte> NextOf(int key, long eventTimeMs)
    {
        Key = key;
        Digits(_itemAt, 7, Key);
        Digits(_userAt, 6, (long)(Random() * Users));
        Digits(_categoryAt, 2, (long)(Random() * Categories));
        Digits(_channelAt, 1, (long)(Random() * 8));
        Digits(_valueAt, 3, 100 + (long)(Random() * 900));
        Utf8Formatter.TryFormat(eventTimeMs, _event.AsSpan(_timeAt, 13), out _);
        return _event;
    }

    /// <summary>A key as the event and Redis have it.</summary>
    public static string NameOf(int key) => string.Create(CultureInfo.InvariantCulture, $"i{key:D7}");

    private static int Place(string text)
    {
        int at = Before.IndexOf(text, StringComparison.Ordinal);
        return at >= 0 ? at : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"the event has no {text}"));
    }

    private int NextKey()
    {
        double random = Random();
        if (_cumulative is null)
        {
            return (int)(random * _keys);
        }

        int found = Array.BinarySearch(_cumulative, random * _cumulative[^1]);
        int rank = Math.Min(found >= 0 ? found : ~found, _keys - 1);

        // Ranks are scattered over the numbers, or hot keys would be neighbours in memory.
        return (int)((long)rank * 7_368_787 % _keys);
    }

    private void Digits(int at, int count, long value)
    {
        for (int i = at + count - 1; i >= at; i--)
        {
            _event[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }

    // splitmix64: cheap, and the same on every machine.
    private double Random()
    {
        _state += 0x9E3779B97F4A7C15UL;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
