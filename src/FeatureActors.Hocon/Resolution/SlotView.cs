using FeatureActors.Hocon.Syntax;

namespace FeatureActors.Hocon.Resolution;

/// <summary>The value of a slot as far as its first <paramref name="Count"/> definitions give it: "looking back" from a stronger one.</summary>
internal readonly record struct SlotView(Slot Slot, int Count)
{
    public static SlotView All(Slot slot) => new(slot, slot.Definitions.Count);
}
