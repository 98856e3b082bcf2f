using System.Numerics;
using System.Text;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Decoding;

/// <summary>A field that a decoder looks for.</summary>
internal sealed class WantedField(string name, FieldType type, int cell, bool isRequired)
{
    public string Name { get; } = name;

    public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(name);

    public FieldType Type { get; } = type;

    /// <summary>Position of its cell, or −1 when only the event time is taken from it.</summary>
    public int Cell { get; } = cell;

    public bool IsRequired { get; } = isRequired;

    public bool IsEventTime { get; init; }
}

/// <summary>The needed fields of a source, found by their UTF-8 names without allocating. Open addressing, at most a quarter full.</summary>
internal sealed class FieldTable
{
    private readonly WantedField?[] _slots;

    public FieldTable(EventDecoderOptions options)
    {
        string? timeName = options.EventTime?.Field;
        var wanted = new List<WantedField>();
        for (int i = 0; i < options.Fields.Count; i++)
        {
            DecoderField field = options.Fields[i];
            bool isEventTime = field.Name == timeName;
            if (field.IsNeeded || isEventTime)
            {
                wanted.Add(new WantedField(field.Name, field.Type, field.IsNeeded ? i : -1, field.IsRequired) { IsEventTime = isEventTime });
            }
        }

        if (timeName is not null && !wanted.Any(field => field.IsEventTime))
        {
            wanted.Add(new WantedField(timeName, FieldType.String, -1, false) { IsEventTime = true });
        }

        Wanted = [.. wanted];
        _slots = new WantedField?[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(wanted.Count * 4, 16))];
        foreach (WantedField field in wanted)
        {
            int slot = SlotOf(field.Utf8);
            while (_slots[slot] is { } other)
            {
                if (other.Name == field.Name)
                {
                    throw new ArgumentException($"field '{field.Name}' is declared twice", nameof(options));
                }

                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = field;
        }
    }

    /// <summary>All fields looked for.</summary>
    public WantedField[] Wanted { get; }

    public WantedField? Find(ReadOnlySpan<byte> name)
    {
        for (int slot = SlotOf(name); _slots[slot] is { } field; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (name.SequenceEqual(field.Utf8))
            {
                return field;
            }
        }

        return null;
    }

    // Length and three bytes tell the fields of one source apart well enough; the comparison decides.
    private int SlotOf(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return 0;
        }

        uint hash = ((uint)name.Length * 0x9E37) ^ (name[0] * 0x85EBu) ^ (name[^1] * 0xC2B3u) ^ (name[name.Length / 2] * 0x27D5u);
        return (int)((hash ^ (hash >> 9)) & (uint)(_slots.Length - 1));
    }
}
