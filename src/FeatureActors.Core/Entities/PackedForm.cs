using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;

namespace FeatureActors.Core.Entities;

/// <summary>
/// Writes a group's values as one Protobuf message, the FeatureVector of the group:
/// <code>
/// field N: feature number N, a message of its windows; field 8·k + form: the value of its window k, counted from 0:
///   form 1 integer (sint64) | 2 number (double) | 3 text (string) | 4 json (string) | 5 decimal (string, a number that no double holds)
/// field 536870911: schema id (fixed32), which tells readers the names
/// </code>
/// Absent values are left out. Not safe for concurrent use.
/// </summary>
public sealed class PackedForm
{
    /// <summary>Name of the hash field that holds the message.</summary>
    public const string FieldName = "_p";

    /// <summary>Field number of the schema id: the largest that Protobuf has, so no feature number meets it.</summary>
    public const int SchemaField = (1 << 29) - 1;

    private readonly List<Feature> _features = [];
    private byte[] _buffer = new byte[512];
    private byte[] _windows = new byte[256];

    /// <summary>The form of <paramref name="group"/>.</summary>
    public PackedForm(GroupPlan group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var schema = new List<KeyValuePair<string, string>>();
        for (int i = 0; i < group.Fields.Count; i++)
        {
            FieldPlan field = group.Fields[i];
            Feature? feature = _features.Find(f => f.Number == field.FeatureNumber);
            if (feature is null)
            {
                feature = new Feature(field.FeatureNumber, []);
                _features.Add(feature);
            }

            schema.Add(new(field.Name, string.Create(CultureInfo.InvariantCulture, $"{feature.Number}.{feature.Fields.Count}")));
            feature.Fields.Add(i);
        }

        _features.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        Schema = schema;
        SchemaId = (uint)StableHash.Of(Encoding.UTF8.GetBytes(string.Join('\n', schema.Select(static e => $"{e.Key}={e.Value}"))));
    }

    /// <summary>Where each published field stands, as <c>feature number.window</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Schema { get; }

    /// <summary>Hash of <see cref="Schema"/>, the same on every node.</summary>
    public uint SchemaId { get; }

    /// <summary>Name under which the schema is published beside the group's keys.</summary>
    public static string SchemaKey(string definitionsNamespace, string group, uint schemaId) =>
        string.Create(CultureInfo.InvariantCulture, $"fa:{definitionsNamespace}:_schema:{group}:{schemaId:x8}");

    /// <summary>Joins a hash of values with the schema that they are published under; never 0.</summary>
    public ulong Mark(ulong hash) => (hash ^ ((ulong)SchemaId << 16)) is var marked and not 0 ? marked : 1;

    /// <summary>The message for <paramref name="values"/>; valid until the next call.</summary>
    public ReadOnlySpan<byte> Write(GroupValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        int length = 0;
        foreach (Feature feature in _features)
        {
            int windows = 0;
            for (int k = 0; k < feature.Fields.Count; k++)
            {
                FieldValue field = values.Fields[feature.Fields[k]];
                if (field.Kind != FeatureValueKind.Absent)
                {
                    WriteValue(k * 8, field.Kind, values.Text(feature.Fields[k]), ref windows);
                }
            }

            if (windows > 0)
            {
                Reserve(ref _buffer, length + windows + (2 * Varint.BytesMax));
                length += Varint.Write(_buffer.AsSpan(length), Tag(feature.Number, WireType.Bytes));
                length += Varint.Write(_buffer.AsSpan(length), (ulong)windows);
                _windows.AsSpan(0, windows).CopyTo(_buffer.AsSpan(length));
                length += windows;
            }
        }

        Reserve(ref _buffer, length + Varint.BytesMax + sizeof(uint));
        length += Varint.Write(_buffer.AsSpan(length), Tag(SchemaField, WireType.Fixed32));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(length), SchemaId);
        return _buffer.AsSpan(0, length + sizeof(uint));
    }

    private static ulong Tag(int field, WireType type) => ((ulong)field << 3) | (uint)type;

    private static void Reserve(ref byte[] buffer, int bytes)
    {
        if (buffer.Length < bytes)
        {
            Array.Resize(ref buffer, Math.Max(bytes, buffer.Length * 2));
        }
    }

    private static bool IsDouble(ReadOnlySpan<byte> text, out double number)
    {
        // A number that does not come back as it was, such as a long decimal, must stay text.
        Span<byte> back = stackalloc byte[32];
        return Utf8Parser.TryParse(text, out number, out int used) && used == text.Length
            && number.TryFormat(back, out int written, "R", CultureInfo.InvariantCulture) && back[..written].SequenceEqual(text);
    }

    private void WriteValue(int first, FeatureValueKind kind, ReadOnlySpan<byte> text, ref int length)
    {
        Reserve(ref _windows, length + text.Length + (2 * Varint.BytesMax) + sizeof(double));
        Span<byte> target = _windows.AsSpan(length);
        if (kind == FeatureValueKind.Number && Utf8Parser.TryParse(text, out long integer, out int used) && used == text.Length)
        {
            int tag = Varint.Write(target, Tag(first + 1, WireType.Varint));
            length += tag + Varint.Write(target[tag..], Varint.ZigZag(integer));
            return;
        }

        if (kind == FeatureValueKind.Number && IsDouble(text, out double number))
        {
            int tag = Varint.Write(target, Tag(first + 2, WireType.Fixed64));
            BinaryPrimitives.WriteDoubleLittleEndian(target[tag..], number);
            length += tag + sizeof(double);
            return;
        }

        int form = kind switch
        {
            FeatureValueKind.Number => 5,
            FeatureValueKind.Text => 3,
            _ => 4,
        };
        int at = Varint.Write(target, Tag(first + form, WireType.Bytes));
        at += Varint.Write(target[at..], (ulong)text.Length);
        text.CopyTo(target[at..]);
        length += at + text.Length;
    }

    // Protobuf's, https://protobuf.dev/programming-guides/encoding/.
    private enum WireType : byte
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    private sealed record Feature(int Number, List<int> Fields);
}
