using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>last</c> with <c>distinct = first</c> and <c>first</c> with <c>distinct = last</c>: every value counts once, at its occurrence that
/// is worst for the list, and the n best of these are shown. A value that a slot drops could become one of the best when a value that
/// beats it turns out to occur in another slot too, so n entries per slot are not enough: a slot keeps up to <c>max-keys</c> values.
/// Above, the worst ones are left out and windows with that slot are flagged as truncated; below, nothing depends on arrival.
/// <code>
/// byte 0   1 when a value was left out, else 0
/// then     per value, ordered by its bytes: event time (zig-zag varint), length (varint) and bytes of its entry
/// </code>
/// </summary>
internal sealed class OccurrenceAggregate(EntryForm form, bool newest, int n, int keysMax) : FeatureAggregate
{
    private const byte HasDropped = 1;

    /// <inheritdoc/>
    public override byte CodecVersion => 1;

    /// <inheritdoc/>
    public override FeatureTraits Traits { get; } = n == 1 ? form.ScalarTraits : FeatureTraits.None;

    /// <inheritdoc/>
    public override long PayloadBytesMax =>
        1 + ((keysMax + 1L) * (Packed.VarintBytesMax + Packed.VarintLength((ulong)form.BytesMax) + form.BytesMax));

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) => form.Accepts(row);

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
        Put(row.EventTimeMs, form.Encode(row, scratch), ref slot);
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        if (payload.IsEmpty)
        {
            return;
        }

        var entries = new Entries(MergeCopy.Of(payload));
        while (entries.MoveNext())
        {
            Put(entries.TimeMs, entries.Entry, ref into);
        }

        into.Payload[0] |= entries.Flags;
    }

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        OccurrenceScratch occurrences = OccurrenceScratch.Open(form, newest);
        for (int slot = 0; slot < slots.Count; slot++)
        {
            var entries = new Entries(slots.Payload(slot));
            while (entries.MoveNext())
            {
                occurrences.Add(slots, slot, entries.TimeMs, entries.EntryStart, entries.Entry);
            }

            if ((entries.Flags & HasDropped) != 0)
            {
                value.Flag(ValueQuality.Truncated);
            }
        }

        occurrences.Select(slots, n).Write(slots, value, isScalar: n == 1);
    }

    private void Put(long timeMs, scoped ReadOnlySpan<byte> entry, ref FeatureSlot slot)
    {
        if (slot.Payload.IsEmpty)
        {
            slot.ResizePayload(1);
        }

        var entries = new Entries(slot.Payload);
        int at = 1;
        int count = 0;
        while (entries.MoveNext())
        {
            int order = form.Identity(entries.Entry).SequenceCompareTo(form.Identity(entry));
            if (order == 0)
            {
                if (IsWorse(timeMs, entry, entries.TimeMs, entries.Entry))
                {
                    Replace(ref slot, entries.Start, entries.End - entries.Start, timeMs, entry);
                }

                return;
            }

            at = order < 0 ? entries.End : at;
            count++;
        }

        Replace(ref slot, at, 0, timeMs, entry);
        if (count == keysMax)
        {
            DropWorst(ref slot);
        }
    }

    private void DropWorst(ref FeatureSlot slot)
    {
        var entries = new Entries(slot.Payload);
        int start = 0;
        int end = 0;
        long worstMs = 0;
        ReadOnlySpan<byte> worst = default;
        while (entries.MoveNext())
        {
            if (end == 0 || IsWorse(entries.TimeMs, entries.Entry, worstMs, worst))
            {
                start = entries.Start;
                end = entries.End;
                worstMs = entries.TimeMs;
                worst = entries.Entry;
            }
        }

        slot.SplicePayload(start, start - end);
        slot.Payload[0] = HasDropped;
    }

    private bool IsWorse(long timeMs, ReadOnlySpan<byte> entry, long otherMs, ReadOnlySpan<byte> other)
    {
        if (timeMs != otherMs)
        {
            return timeMs < otherMs == newest;
        }

        int order = form.Compare(entry, other);
        return newest ? order < 0 : order > 0;
    }

    private static void Replace(ref FeatureSlot slot, int at, int length, long timeMs, scoped ReadOnlySpan<byte> entry)
    {
        Span<byte> head = stackalloc byte[2 * Packed.VarintBytesMax];
        int headLength = Packed.WriteVarint(head, Packed.ZigZag(timeMs));
        headLength += Packed.WriteVarint(head[headLength..], (ulong)entry.Length);
        slot.SplicePayload(at, headLength + entry.Length - length);
        Span<byte> target = slot.Payload[at..];
        head[..headLength].CopyTo(target);
        entry.CopyTo(target[headLength..]);
    }

    /// <summary>Walks the values of a slot.</summary>
    private ref struct Entries
    {
        private readonly ReadOnlySpan<byte> _payload;
        private int _next;

        public Entries(ReadOnlySpan<byte> payload)
        {
            _payload = payload;
            _next = Math.Min(1, payload.Length);
            Flags = payload.IsEmpty ? (byte)0 : payload[0];
        }

        public byte Flags { get; }

        public int Start { get; private set; }

        public readonly int End => _next;

        public long TimeMs { get; private set; }

        public int EntryStart { get; private set; }

        public readonly ReadOnlySpan<byte> Entry => _payload[EntryStart.._next];

        public bool MoveNext()
        {
            if (_next == _payload.Length)
            {
                return false;
            }

            Start = _next;
            TimeMs = Packed.UnZigZag(Packed.ReadVarint(_payload, ref _next));
            int length = (int)Packed.ReadVarint(_payload, ref _next);
            EntryStart = _next;
            _next += length;
            return true;
        }
    }
}
