namespace FeatureActors.Core.Payloads;

/// <summary>Walks the entries of a <see cref="ListMapAggregate"/> payload, or finds one.</summary>
internal ref struct ListMapCursor
{
    private readonly ReadOnlySpan<byte> _payload;
    private int _next;

    /// <summary>Starts before the first entry.</summary>
    public ListMapCursor(ReadOnlySpan<byte> payload) => _payload = payload;

    /// <summary>Stands at the entry with the id, or where it would be inserted.</summary>
    public ListMapCursor(ReadOnlySpan<byte> payload, uint id)
        : this(payload)
    {
        while (MoveNext())
        {
            if (Id >= id)
            {
                IsFound = Id == id;
                return;
            }
        }

        Start = payload.Length;
    }

    /// <summary>True when the sought entry is there.</summary>
    public bool IsFound { get; }

    /// <summary>First byte of the entry.</summary>
    public int Start { get; private set; }

    /// <summary>Id of the entry.</summary>
    public uint Id { get; private set; }

    /// <summary>First byte of the list's length.</summary>
    public int LengthAt { get; private set; }

    /// <summary>Where the list stands.</summary>
    public PayloadPart List { get; private set; }

    /// <summary>The list.</summary>
    public readonly ReadOnlySpan<byte> ListBytes => _payload.Slice(List.Start, List.Length);

    /// <summary>Moves to the next entry; false behind the last.</summary>
    public bool MoveNext()
    {
        if (_next >= _payload.Length)
        {
            return false;
        }

        Start = _next;
        Id = (uint)Packed.ReadVarint(_payload, ref _next);
        LengthAt = _next;
        int length = (int)Packed.ReadVarint(_payload, ref _next);
        List = new PayloadPart { Start = _next, Length = length };
        _next += length;
        return true;
    }
}
