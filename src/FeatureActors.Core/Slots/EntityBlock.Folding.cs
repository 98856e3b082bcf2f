using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Slots;

/// <content>
/// Ageing: slots that have left every window are dropped, others fold into coarser ones. One pass over the entries, from the first that
/// is to change; what folds into one slot stands together, and is taken out in one piece.
/// </content>
public sealed partial class EntityBlock
{
    private readonly WindowBounds[] _bounds;
    private SlotReference[] _aged = new SlotReference[16];

    /// <summary>Drops slots that have left every window at <paramref name="nowMs"/> and folds aged ones into coarser ones.</summary>
    /// <returns>True when something changed.</returns>
    public bool Compact(int feature, long nowMs)
    {
        ListCompacted(feature, nowMs, ref _aged, out bool isChanged);
        return isChanged;
    }

    /// <summary>
    /// As <see cref="ListSlots"/>, after <see cref="Compact"/>. The feature's bounds then know which slots are in
    /// which window.
    /// </summary>
    internal int ListCompacted(int feature, long nowMs, ref SlotReference[] slots, out bool isChanged)
    {
        isChanged = false;
        if (_layout.Features[feature].Timeline.Family != SlotFamily.Time)
        {
            isChanged = ForgetSessions(feature, nowMs);
            return ListSlots(feature, ref slots);
        }

        WindowBounds bounds = BoundsAt(feature, nowMs);
        int count = ListSlots(feature, ref slots);
        int aged = bounds.FindAged(slots.AsSpan(0, count), 0);
        if (aged >= 0)
        {
            isChanged = true;
            Fold(feature, bounds, slots.AsSpan(0, count), aged);
            count = ListSlots(feature, ref slots);
            bounds.FindAged(slots.AsSpan(0, count), 0);
        }

        return count;
    }

    /// <summary>The bounds of a feature's windows at <paramref name="nowMs"/>; features of equal windows have the same.</summary>
    internal WindowBounds BoundsAt(int feature, long nowMs)
    {
        WindowBounds bounds = _bounds[feature];
        bounds.MoveTo(nowMs);
        return bounds;
    }

    private static WindowBounds[] NewBounds(EntityLayout layout)
    {
        var byText = new Dictionary<string, WindowBounds>(StringComparer.Ordinal);
        var bounds = new WindowBounds[layout.Features.Length];
        for (int f = 0; f < bounds.Length; f++)
        {
            SlotTimeline timeline = layout.Features[f].Timeline;
            if (!byText.TryGetValue(timeline.Text, out WindowBounds? found))
            {
                byText.Add(timeline.Text, found = new WindowBounds(timeline));
            }

            bounds[f] = found;
        }

        return bounds;
    }

    private bool ForgetSessions(int feature, long nowMs)
    {
        bool isChanged = false;
        while (_layout.Features[feature].Timeline.Family == SlotFamily.Session
            && SectionOf(feature) is var section and not 0 && TryFindForgotten(feature, section, nowMs, out long start))
        {
            isChanged = true;
            OpenSlot(feature, start);
            var leaving = new FeatureSlot(this);
            _layout.Features[feature].Aggregate.Release(ref leaving);
            RemoveSlot(feature, start);
        }

        return isChanged;
    }

    /// <summary>Drops and folds from slot <paramref name="i"/> on, the first that has to; the slots are all that the feature has.</summary>
    private void Fold(int feature, WindowBounds bounds, ReadOnlySpan<SlotReference> slots, int i)
    {
        int section = SectionOf(feature);
        int first = FirstEntry(section);
        int bytes = EntryBytes(section);
        var pass = new FoldPass(feature, section, slots)
        {
            At = BehindSlot(slots, i - 1, first),
            KeptAt = i > 0 ? BehindSlot(slots, i - 2, first) : -1,
            KeptStart = i > 0 ? slots[i - 1].StartMs : SlotWidths.UnboundedStart,
        };
        while (true)
        {
            int end = i + 1;
            if (!bounds.TryFold(slots[i].StartMs, out long target))
            {
                while (end < slots.Length && !bounds.TryFold(slots[end].StartMs, out _))
                {
                    end++;
                }

                Drop(pass, i, end);
            }
            else
            {
                while (end < slots.Length && bounds.TryFold(slots[end].StartMs, out long next) && next == target)
                {
                    end++;
                }

                FoldInto(ref pass, target, i, end);
            }

            int aged = end < slots.Length ? bounds.FindAged(slots, end) : -1;
            if (aged < 0)
            {
                return;
            }

            if (aged > end)
            {
                // What lies between stays, moved by what the entries before it have grown or shrunk.
                int moved = EntryBytes(section) - bytes;
                pass.KeptAt = aged > end + 1 ? BehindSlot(slots, aged - 2, first) + moved : pass.At;
                pass.KeptStart = slots[aged - 1].StartMs;
                pass.At = BehindSlot(slots, aged - 1, first) + moved;
            }

            i = aged;
        }
    }

    /// <summary>Releases the slots from <paramref name="from"/> up to <paramref name="end"/> and takes them out.</summary>
    private void Drop(in FoldPass pass, int from, int end)
    {
        FeatureAggregate aggregate = _layout.Features[pass.Feature].Aggregate;
        int dropped = 0;
        int bytes = 0;
        try
        {
            for (; from + dropped < end; dropped++)
            {
                int length = OpenEntryAt(pass.Section, pass.At + bytes, pass.Slots[from + dropped].StartMs);
                var leaving = new FeatureSlot(this);
                aggregate.Release(ref leaving);
                bytes += length;
            }
        }
        finally
        {
            // What was released before a plug-in failed is gone all the same.
            if (dropped == SlotCount(pass.Section))
            {
                RemoveSection(pass.Feature, pass.Section);
            }
            else
            {
                TakeOut(pass, bytes, dropped, from + dropped);
            }
        }
    }

    /// <summary>Merges the slots from <paramref name="from"/> up to <paramref name="end"/> into one that starts at <paramref name="target"/>.</summary>
    private void FoldInto(ref FoldPass pass, long target, int from, int end)
    {
        FeatureAggregate aggregate = _layout.Features[pass.Feature].Aggregate;
        if (pass.KeptAt < 0 || pass.KeptStart != target)
        {
            // The first becomes the coarse slot as it is; nothing is merged when it is the only one.
            Join(pass, pass.At, target);
            pass.KeptAt = pass.At;
            pass.KeptStart = target;
            from++;
        }

        OpenEntryAt(pass.Section, pass.KeptAt, target);
        int merged = 0;
        int bytes = 0;
        try
        {
            for (; from + merged < end; merged++)
            {
                int entry = _payload + _payloadLength + bytes;
                int at = entry;
                Varint.Read(_memory.Bytes, ref at);
                int length = (int)Varint.Read(_memory.Bytes, ref at);
                Copy(_memory.Bytes.Slice(at, length));
                bytes += at + length - entry;
                var into = new FeatureSlot(this);
                aggregate.Merge(_scratch.AsSpan(0, length), ref into);
            }
        }
        finally
        {
            pass.At = _payload + _payloadLength - FirstEntry(pass.Section);
            TakeOut(pass, bytes, merged, from + merged);
        }
    }

    /// <summary>Takes <paramref name="count"/> entries out that begin at the pass's place, and joins what stood behind with what is kept before.</summary>
    private void TakeOut(in FoldPass pass, int bytes, int count, int behind)
    {
        int section = pass.Section;
        if (bytes > 0)
        {
            Splice(section, FirstEntry(section) - section + pass.At, -bytes);
            WriteInt(section + Slots, ReadInt(section + Slots) - count);
        }

        if (behind < pass.Slots.Length)
        {
            Join(pass, pass.At, pass.Slots[behind].StartMs);
            return;
        }

        WriteLong(section + NewestStart, pass.KeptStart);
        WriteInt(section + NewestEntry, FirstEntry(section) - section + pass.KeptAt);
    }

    /// <summary>Lets the entry at a place start at <paramref name="startMs"/>, counted from the entry kept before it.</summary>
    private void Join(in FoldPass pass, int at, long startMs)
    {
        int section = pass.Section;
        int entry = FirstEntry(section) - section + at;
        if (startMs == SlotWidths.UnboundedStart)
        {
            WriteInt(section + Slots, ReadInt(section + Slots) | LifetimeBit);
            SetDelta(section, entry, 0);
        }
        else if (pass.KeptStart == SlotWidths.UnboundedStart)
        {
            WriteLong(section + FirstStart, startMs);
            SetDelta(section, entry, 0);
        }
        else
        {
            SetDelta(section, entry, (ulong)((startMs - pass.KeptStart) / UnitOf(pass.Feature)));
        }
    }

    /// <summary>Opens the slot whose entry stands at a place behind the first entry; answers the entry's length.</summary>
    private int OpenEntryAt(int section, int at, long startMs)
    {
        int entry = FirstEntry(section) + at;
        int next = entry;
        Varint.Read(_memory.Bytes, ref next);
        _payloadBytesMax = _sharedBytesMax = long.MaxValue;
        _section = section;
        _slotStart = startMs;
        _hidden = 0;
        _payloadLength = (int)Varint.Read(_memory.Bytes, ref next);
        _payload = next;
        return next + _payloadLength - entry;
    }

    private int FirstEntry(int section) => section + SectionHeader + ReadInt(section + SharedLength);

    private int EntryBytes(int section) => section + ReadInt(section + UsedBytes) - FirstEntry(section);

    /// <summary>Where a listed slot ends, counted from the first entry.</summary>
    private static int BehindSlot(ReadOnlySpan<SlotReference> slots, int index, int firstEntry) =>
        index < 0 ? 0 : slots[index].Offset + slots[index].Length - firstEntry;

    /// <summary>
    /// What stays the same while entries are merged and taken out, and how far it has come. Places are counted from the first entry,
    /// because merging and releasing may change the shared part, which stands before it.
    /// </summary>
    private ref struct FoldPass(int feature, int section, ReadOnlySpan<SlotReference> slots)
    {
        public readonly int Feature = feature;
        public readonly int Section = section;

        /// <summary>The slots before the first change: their order and starts still hold.</summary>
        public readonly ReadOnlySpan<SlotReference> Slots = slots;

        /// <summary>Place of the entry that comes next.</summary>
        public int At;

        /// <summary>Place of the last entry before it; below 0 when there is none.</summary>
        public int KeptAt;

        /// <summary>Start of that entry's slot.</summary>
        public long KeptStart;
    }
}
