using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>A stretch of a slot's payload that is changed as a whole; the length follows every splice inside it.</summary>
internal struct PayloadPart
{
    /// <summary>First byte in the payload.</summary>
    public int Start;

    /// <summary>Number of bytes.</summary>
    public int Length;

    /// <summary>The whole payload.</summary>
    public static PayloadPart All(in FeatureSlot slot) => new() { Start = 0, Length = slot.Payload.Length };

    /// <summary>The bytes now; invalid after the next splice.</summary>
    public readonly Span<byte> Of(in FeatureSlot slot) => slot.Payload.Slice(Start, Length);
}
