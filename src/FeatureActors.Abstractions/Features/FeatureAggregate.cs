using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>
/// The arithmetic of one feature: how a row changes a slot, how two slots become one, and what a run of slots is worth.
/// State lives in the entity's block, never in the aggregate: an instance is shared by all entities and shards and must be
/// safe for concurrent calls. Nothing may depend on arrival order, on the process or on the time of day.
/// </summary>
public abstract class FeatureAggregate
{
    /// <summary>Version of the payload and shared bytes this aggregate writes. Raise it when their meaning changes.</summary>
    public abstract byte CodecVersion { get; }

    /// <summary>What the planner may rely on.</summary>
    public abstract FeatureTraits Traits { get; }

    /// <summary>Upper bound in bytes of one slot's payload, for the plan's worst case.</summary>
    public abstract long PayloadBytesMax { get; }

    /// <summary>Upper bound in bytes of the part shared by all slots, for the plan's worst case.</summary>
    public virtual long SharedBytesMax => 0;

    /// <summary>
    /// The value of a window without any slot, as JSON text, such as <c>0</c> for counts; empty when the field is then absent.
    /// </summary>
    public virtual ReadOnlySpan<byte> EmptyValue => default;

    /// <summary>
    /// Above 0: the value changes with T though no slot moves (decay). It is evaluated again, and published, at multiples of this many
    /// milliseconds of T, also for entities that are not in memory. A type without windows that ages ends by
    /// <see cref="IsSpent"/> alone: the group's <c>idle-expiry</c> does not touch it. The same for every call.
    /// </summary>
    public virtual long AgeingStepMs => 0;

    /// <summary>
    /// How far a value may be from the true one, for the plan, such as <c>within 1 % of the value</c>; null for an exact type.
    /// </summary>
    public virtual string? Accuracy => null;

    /// <summary>False when the row says nothing to this feature (NULL in <c>of</c> or <c>key</c>); no slot is touched then.</summary>
    public virtual bool Accepts(in RowView row) => true;

    /// <summary>
    /// Adds one row to a slot. A new slot starts with an empty payload. A row with sign −1 comes only when
    /// <see cref="Traits"/> has <see cref="FeatureTraits.Invertible"/>.
    /// </summary>
    /// <exception cref="Exception">Any exception costs this feature this row on this entity: the slot is left as it was,
    /// the row is dead-lettered.</exception>
    public abstract void Apply(in RowView row, ref FeatureSlot slot);

    /// <summary>
    /// Adds the payload of another slot of the same entity to <paramref name="into"/>; the other slot ceases to exist, so
    /// references that it held in the shared part pass over or are given up here.
    /// </summary>
    public abstract void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into);

    /// <summary>
    /// Called when a slot has left every window, before its payload is dropped, so that the shared part can be freed.
    /// <see cref="FeatureSlot.Payload"/> of <paramref name="slot"/> is the leaving payload and must not be resized.
    /// </summary>
    public virtual void Release(ref FeatureSlot slot)
    {
    }

    /// <summary>
    /// Computes the value of the given slots, oldest first, never empty. Writes exactly one value, or nothing for an absent one.
    /// </summary>
    public abstract void Evaluate(in SlotList slots, FeatureValueWriter value);

    /// <summary>
    /// Computes the values of several windows over one list of slots. For each window that <see cref="NestedWindows.MoveNext"/> gives, up to
    /// the last, writes what <see cref="Evaluate"/> would write for the slots from <see cref="NestedWindows.First"/> on. The default
    /// evaluates one window after the other; a type whose value grows with each slot answers all of them in one pass.
    /// </summary>
    /// <param name="slots">The slots of the longest window, oldest first, never empty; its <see cref="SlotList.WindowMs"/> is 0.</param>
    /// <param name="windows">The windows, the shortest first; none is empty.</param>
    public virtual void EvaluateNested(in SlotList slots, NestedWindows windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        while (windows.MoveNext())
        {
            Evaluate(slots.From(windows.First, windows.WindowMs), windows.Value);
        }
    }

    /// <summary>
    /// True when all slots of the feature together (not those of one window) are worth nothing any more, now and later. The engine
    /// then drops them with the shared part, and the field is as without rows. Asked before an evaluation of types that age.
    /// </summary>
    /// <param name="slots">All slots, never empty; <see cref="SlotList.NowMs"/> is the time T.</param>
    public virtual bool IsSpent(in SlotList slots) => false;

    /// <summary>
    /// Time T at which <see cref="IsSpent"/> becomes true if no row comes: exact, or any later time. The published values expire some
    /// time after it. <see cref="long.MaxValue"/> for never or unknown.
    /// </summary>
    /// <param name="slots">All slots, never empty and not spent.</param>
    public virtual long SpentAtMs(in SlotList slots) => long.MaxValue;

    /// <summary>
    /// Rewrites state of an older codec version. The default knows only its own version.
    /// </summary>
    /// <param name="fromVersion">The version that wrote the state; below <see cref="CodecVersion"/>.</param>
    /// <param name="slot">One slot with its shared part; called for each slot, oldest first.</param>
    /// <returns>False when the version is not readable: the state is kept untouched and the feature reports it.</returns>
    public virtual bool TryUpgrade(byte fromVersion, ref FeatureSlot slot) => false;
}
