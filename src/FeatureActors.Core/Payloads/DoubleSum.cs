using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Exact sum of doubles as a non-overlapping expansion (Shewchuk 1997, "Adaptive Precision Floating-Point Arithmetic"): a few doubles of
/// falling magnitude whose exact sum is the sum. So order does not show, a retraction leaves nothing behind, and the value is the
/// exact sum rounded once. Prices and amounts need one or two partials; numbers of utterly different magnitude up to
/// <see cref="PartialsMax"/>. Encoded as the partials, largest first, 8 bytes each; zero as one partial. A sum beyond the range of
/// double stays not finite.
/// </summary>
internal struct DoubleSum : ISum<DoubleSum>
{
    /// <summary>
    /// The bits of a double lie between 2^1023 and 2^-1074, and partials are at least 52 of them apart after <see cref="DoubleExpansion.Compress"/>.
    /// </summary>
    public const int PartialsMax = 42;

    // More than this many partials stand in an array of their own: only numbers that together span more than 300 bits, beyond what
    // the squares of decimals need, cost an allocation.
    private const int InlineMax = 6;

    private Inline _inline;
    private double[]? _more;
    private int _count;

    /// <inheritdoc/>
    public static byte CodecVersion => 2;

    /// <inheritdoc/>
    public static int EncodedLengthMax => PartialsMax * sizeof(double);

    /// <inheritdoc/>
    public readonly int EncodedLength => Math.Max(_count, 1) * sizeof(double);

    /// <summary>The partials, smallest magnitude first, without zeros; valid until the sum changes.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<double> Partials => _more is null ? ((ReadOnlySpan<double>)_inline)[.._count] : _more.AsSpan(0, _count);

    /// <inheritdoc/>
    public readonly double Value => _count switch
    {
        0 => 0,
        1 => _inline[0],
        2 => _inline[0] + _inline[1],
        _ => DoubleExpansion.Rounded(Partials),
    };

    /// <inheritdoc/>
    public readonly bool IsZero => _count == 0;

    /// <inheritdoc/>
    public readonly bool HasValue => _count != 1 || double.IsFinite(_inline[0]);

    /// <summary>Orders by the rounded value, so that what is published as equal is equal.</summary>
    public static int Compare(in DoubleSum left, in DoubleSum right) => left.Value.CompareTo(right.Value);

    /// <inheritdoc/>
    public void Add(ReadOnlySpan<byte> encoded)
    {
        int length = encoded.Length / sizeof(double);
        if (_count == 0 && length is > 0 and <= InlineMax)
        {
            Load(encoded, length);
            return;
        }

        for (int i = 0; i < length; i++)
        {
            Add(BinaryPrimitives.ReadDoubleLittleEndian(encoded[(i * sizeof(double))..]));
        }
    }

    /// <inheritdoc/>
    public void Add(in RowView row, int column)
    {
        double amount = row.GetDouble(column);
        Add(row.Sign < 0 ? -amount : amount);
    }

    /// <summary>Adds a number.</summary>
    public void Add(double value)
    {
        if (_count == 0)
        {
            SetOnly(value);
        }
        else if (_count == 1)
        {
            AddToOne(value);
        }
        else if (_count == 2)
        {
            AddToTwo(value);
        }
        else
        {
            AddToMany(value);
        }
    }

    /// <summary>Adds the exact product of two numbers (unless it is so small that its last bits are below 2^-1074).</summary>
    public void AddProduct(double left, double right)
    {
        double product = left * right;
        Add(product);
        Add(Math.FusedMultiplyAdd(left, right, -product));
    }

    /// <inheritdoc/>
    public readonly void Encode(Span<byte> target)
    {
        ReadOnlySpan<double> partials = Partials;
        int at = 0;
        for (int i = partials.Length - 1; i >= 0; i--, at += sizeof(double))
        {
            BinaryPrimitives.WriteDoubleLittleEndian(target[at..], partials[i]);
        }

        target[at..].Clear();
    }

    /// <inheritdoc/>
    public readonly void Write(FeatureValueWriter value) => value.Write(Value);

    private void Load(ReadOnlySpan<byte> encoded, int length)
    {
        // One or two partials are the rule, and what every row of a sum loads.
        double high = BinaryPrimitives.ReadDoubleLittleEndian(encoded);
        if (length <= 2)
        {
            double second = length == 2 ? BinaryPrimitives.ReadDoubleLittleEndian(encoded[sizeof(double)..]) : 0;
            if (second == 0 || !double.IsFinite(high))
            {
                SetOnly(high);
                return;
            }

            _inline[0] = second;
            _inline[1] = high;
            _count = 2;
            return;
        }

        LoadMany(encoded, length);
    }

    private void LoadMany(ReadOnlySpan<byte> encoded, int length)
    {
        // Zeros fill the end where the bytes have room for a longer sum.
        while (length > 0 && BinaryPrimitives.ReadDoubleLittleEndian(encoded[((length - 1) * sizeof(double))..]) == 0)
        {
            length--;
        }

        for (int i = 0; i < length; i++)
        {
            _inline[length - 1 - i] = BinaryPrimitives.ReadDoubleLittleEndian(encoded[(i * sizeof(double))..]);
        }

        _count = length;
        if (length > 0 && !double.IsFinite(_inline[length - 1]))
        {
            Lose();
        }
    }

    private void SetOnly(double value)
    {
        _inline[0] = double.IsFinite(value) ? value : double.NaN;
        _count = value == 0 ? 0 : 1;
    }

    /// <summary>The sum has left the range of double; so it stays.</summary>
    private void Lose()
    {
        _inline[0] = double.NaN;
        _more = null;
        _count = 1;
    }

    private void AddToOne(double value)
    {
        double high = DoubleExpansion.TwoSum(_inline[0], value, out double low);
        if (low == 0)
        {
            SetOnly(high);
        }
        else if (double.IsFinite(high))
        {
            _inline[0] = low;
            _inline[1] = high;
            _count = 2;
        }
        else
        {
            Lose();
        }
    }

    private void AddToTwo(double value)
    {
        double sum = DoubleExpansion.TwoSum(value, _inline[0], out double low);
        double high = DoubleExpansion.TwoSum(sum, _inline[1], out double middle);
        if (!double.IsFinite(high))
        {
            Lose();
            return;
        }

        middle = DoubleExpansion.FastTwoSum(middle, low, out low);
        if (low != 0)
        {
            Span<double> partials = [low, middle, high];
            Store(partials[^DoubleExpansion.Compress(partials)..]);
            return;
        }

        high = DoubleExpansion.FastTwoSum(high, middle, out middle);
        if (middle == 0)
        {
            SetOnly(high);
            return;
        }

        _inline[0] = middle;
        _inline[1] = high;
    }

    private void AddToMany(double value)
    {
        Span<double> partials = stackalloc double[PartialsMax + 1];
        int count = 0;
        foreach (double partial in Partials)
        {
            value = DoubleExpansion.TwoSum(value, partial, out double low);
            if (low != 0)
            {
                partials[count++] = low;
            }
        }

        if (!double.IsFinite(value))
        {
            Lose();
            return;
        }

        if (value != 0)
        {
            partials[count++] = value;
        }

        partials = partials[..count];
        Store(count < 2 ? partials : partials[^DoubleExpansion.Compress(partials)..]);
    }

    private void Store(ReadOnlySpan<double> partials)
    {
        _count = partials.Length;
        if (_count > InlineMax)
        {
            // A copy of a sum may still use the array: the values live only while one slot or window is worked on, so it is not reused.
            _more = partials.ToArray();
            return;
        }

        _more = null;
        partials.CopyTo(_inline);
    }

    [InlineArray(InlineMax)]
    private struct Inline
    {
        private double _first;
    }
}
