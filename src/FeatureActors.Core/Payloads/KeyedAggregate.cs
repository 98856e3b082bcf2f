using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Rows or sums per sub-key. A row whose sub-key is new while max-keys are held is added to <c>other</c> of its slot; sub-keys already
/// held stay exact. An entry leaves its slot when its row count and its sum are 0; a value shows only sub-keys whose row count over
/// the window is not 0, so that retractions take sub-keys away in any order.
/// <para>
/// A retraction whose sub-key the slot does not hold is taken from the slot's <c>other</c> while that has rows: that is where its
/// insertion most likely went. Such windows are flagged as truncated anyway.
/// </para>
/// </summary>
/// <typeparam name="TSum">The sum kept per sub-key; <see cref="NoSum"/> for counts.</typeparam>
internal sealed class KeyedAggregate<TSum>(SubKeyColumns key, int ofColumn, KeyedOptions options) : FeatureAggregate
    where TSum : struct, ISum<TSum>
{
    private const uint Other = 0;

    /// <inheritdoc/>
    public override byte CodecVersion => TSum.CodecVersion;

    /// <inheritdoc/>
    public override FeatureTraits Traits => FeatureTraits.Invertible;

    /// <inheritdoc/>
    public override long PayloadBytesMax => KeyedPayload<TSum>.BytesMax(options.KeysMax);

    /// <inheritdoc/>
    public override long SharedBytesMax => SubKeys.BytesMax(options.KeysMax);

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) =>
        key.Accepts(row) && (typeof(TSum) == typeof(NoSum) || !row.IsNull(ofColumn));

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        Span<byte> scratch = stackalloc byte[SubKeyColumns.ScratchBytes];
        ReadOnlySpan<byte> text = key.TextOf(row, scratch);
        uint hash = BytesHash.Of(text);
        int found = SubKeys.Find(slot.Shared, hash, text);
        var payload = new KeyedPayload<TSum>(slot.Payload);
        bool goesToOther = found < 0 && SubKeys.Live(slot.Shared) >= options.KeysMax;
        uint id = goesToOther ? Other : (uint)(found + 1);
        bool isNewKey = found < 0 && !goesToOther;
        int index = isNewKey ? -1 : payload.IndexOf(id);
        if (row.Sign < 0 && index < 0 && HasOther(payload))
        {
            id = Other;
            index = 0;
            isNewKey = false;
        }

        // Everything that can fail comes before the first change: the slot must stay as it was.
        long amount = row.Sign;
        TSum sum = default;
        if (index >= 0)
        {
            amount += payload.Amount(index);
            sum.Add(payload.Sum(index));
        }

        sum.Add(row, ofColumn);
        if (isNewKey)
        {
            id = (uint)SubKeys.Insert(ref slot, hash, text) + 1;
            payload = new KeyedPayload<TSum>(slot.Payload);
            index = payload.IndexOf(id);
        }
        else if (index < 0 && id != Other)
        {
            SubKeys.AddReference(slot.Shared, found);
        }

        if (amount != 0 || !sum.IsZero)
        {
            payload.Put(ref slot, index, id, amount, sum);
            return;
        }

        payload.RemoveAt(ref slot, index);
        if (id != Other)
        {
            SubKeys.Release(ref slot, (int)id - 1);
        }
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        KeyedScratch<TSum> scratch = KeyedScratch<TSum>.Open();
        var left = new KeyedPayload<TSum>(into.Payload);
        var right = new KeyedPayload<TSum>(payload);
        int l = 0;
        int r = 0;
        while (l < left.Count || r < right.Count)
        {
            uint leftId = l < left.Count ? left.Id(l) : uint.MaxValue;
            uint rightId = r < right.Count ? right.Id(r) : uint.MaxValue;
            uint id = Math.Min(leftId, rightId);
            long amount = 0;
            TSum sum = default;
            if (leftId == id)
            {
                amount += left.Amount(l);
                sum.Add(left.Sum(l));
                l++;
            }

            if (rightId == id)
            {
                amount += right.Amount(r);
                sum.Add(right.Sum(r));
                r++;
            }

            bool isKept = amount != 0 || !sum.IsZero;
            if (isKept)
            {
                scratch.Append(id, amount, sum);
            }

            // Both slots held a reference, or one did; the merged slot holds one when the entry is kept.
            int held = leftId == rightId ? 2 : 1;
            for (int surplus = isKept ? held - 1 : held; surplus > 0 && id != Other; surplus--)
            {
                scratch.AppendRelease((int)id - 1);
            }
        }

        KeyedPayload<TSum>.Write(ref into, scratch.Ids, scratch.Amounts, scratch.Sums);
        foreach (int id in scratch.Releases)
        {
            SubKeys.Release(ref into, id);
        }
    }

    /// <inheritdoc/>
    public override void Release(ref FeatureSlot slot)
    {
        int count = new KeyedPayload<TSum>(slot.Payload).Count;
        for (int i = 0; i < count; i++)
        {
            // The view is taken anew: freeing sub-keys may move the bytes.
            uint id = new KeyedPayload<TSum>(slot.Payload).Id(i);
            if (id != Other)
            {
                SubKeys.Release(ref slot, (int)id - 1);
            }
        }
    }

    /// <inheritdoc/>
    public override bool TryUpgrade(byte fromVersion, ref FeatureSlot slot) => fromVersion < CodecVersion;

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        KeyedTotals<TSum> totals = KeyedTotals<TSum>.Open(SubKeys.IdsUsed(slots.Shared) + 1);
        for (int i = 0; i < slots.Count; i++)
        {
            totals.Add(new KeyedPayload<TSum>(slots.Payload(i)));
        }

        Write(totals, slots.Shared, value);
    }

    /// <inheritdoc/>
    public override void EvaluateNested(in SlotList slots, NestedWindows windows)
    {
        KeyedTotals<TSum> totals = KeyedTotals<TSum>.Open(SubKeys.IdsUsed(slots.Shared) + 1);
        for (int end = slots.Count; windows.MoveNext(); end = windows.First)
        {
            for (int i = windows.First; i < end; i++)
            {
                totals.Add(new KeyedPayload<TSum>(slots.Payload(i)));
            }

            Write(totals, slots.Shared, windows.Value);
        }
    }

    private void Write(KeyedTotals<TSum> totals, ReadOnlySpan<byte> shared, FeatureValueWriter value)
    {
        if (totals.HasOther)
        {
            value.Flag(ValueQuality.Truncated);
        }

        if (options.Rank > 0)
        {
            totals.WriteRanking(shared, value, options.Rank, options.IsBottom, key.IsLong);
        }
        else
        {
            totals.WriteMap(shared, value);
        }
    }

    private static bool HasOther(in KeyedPayload<TSum> payload) =>
        payload.Count > 0 && payload.Id(0) == Other && payload.Amount(0) > 0;
}
