using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Slots;

/// <content>Sessions: entries are disjoint, ordered by first row and so by last row, which stands in the hidden bytes.</content>
public sealed partial class EntityBlock
{
    /// <summary>Time of the last row of a session that <see cref="ListSlots"/> gave, or the hash of a row of a last-rows window.</summary>
    public long HiddenOf(in SlotReference slot) => ReadLong(slot.Offset - HiddenBytes);

    /// <summary>
    /// Opens the oldest session that a row at <paramref name="timeMs"/> belongs to, or a new one. <see cref="ExtendSession"/> ends what
    /// this began, once the row is in the payload.
    /// </summary>
    public FeatureSlot OpenSession(int feature, long timeMs)
    {
        long gap = SessionOf(feature).GapMs;
        int section = SectionOf(feature);
        if (section != 0)
        {
            var cursor = new EntryCursor(this, section, 1);
            for (int i = SlotCount(section); i > 0; i--)
            {
                cursor.MoveNext();
                if (cursor.Start - timeMs >= gap)
                {
                    break;
                }

                if (timeMs - ReadLong(cursor.Payload) < gap)
                {
                    OpenEntry(feature, section, cursor);
                    return new FeatureSlot(this);
                }
            }
        }

        OpenSlot(feature, timeMs);
        WriteLong(_payload - HiddenBytes, timeMs);
        return new FeatureSlot(this);
    }

    /// <summary>Lets the open session reach to <paramref name="timeMs"/> and joins it with the next one if they now lie less than the gap apart.</summary>
    public void ExtendSession(int feature, long timeMs)
    {
        long last = Math.Max(ReadLong(_payload - HiddenBytes), timeMs);
        if (TryFindNext(feature, out long nextStart, out long nextLast) && nextStart - last < SessionOf(feature).GapMs)
        {
            long start = _slotStart;
            OpenSlot(feature, nextStart);
            int length = Copy(Payload);
            OpenSlot(feature, start);
            var into = new FeatureSlot(this);
            _layout.Features[feature].Aggregate.Merge(_scratch.AsSpan(0, length), ref into);
            RemoveSlot(feature, nextStart);
            OpenSlot(feature, start);
            last = nextLast;
        }

        WriteLong(_payload - HiddenBytes, last);
        if (timeMs < _slotStart)
        {
            MoveStart(feature, timeMs);
        }
    }

    private SessionWindow SessionOf(int feature) => _layout.Features[feature].Timeline.Session!;

    private bool TryFindForgotten(int feature, int section, long nowMs, out long start)
    {
        var cursor = new EntryCursor(this, section, 1);
        cursor.MoveNext();
        start = cursor.Start;
        return SessionOf(feature).LeavesAt(ReadLong(cursor.Payload)) <= nowMs;
    }

    private bool TryFindNext(int feature, out long start, out long last)
    {
        start = last = 0;
        int section = SectionOf(feature);
        if (ReadLong(section + NewestStart) == _slotStart)
        {
            return false;
        }

        var cursor = new EntryCursor(this, section, 1);
        do
        {
            cursor.MoveNext();
        }
        while (cursor.Start <= _slotStart);
        start = cursor.Start;
        last = ReadLong(cursor.Payload);
        return true;
    }

    /// <summary>Gives the open session an earlier first row; it stays behind the session before it.</summary>
    private void MoveStart(int feature, long startMs)
    {
        int section = SectionOf(feature);
        int count = SlotCount(section);
        var cursor = new EntryCursor(this, section, 1);
        long before = SlotWidths.UnboundedStart;
        cursor.MoveNext();
        while (cursor.Start != _slotStart)
        {
            before = cursor.Start;
            cursor.MoveNext();
        }

        int at = cursor.Entry - section;
        bool isNewest = at == ReadInt(section + NewestEntry);
        if (isNewest)
        {
            WriteLong(section + NewestStart, startMs);
        }
        else if (count > 1)
        {
            cursor.MoveNext();
            SetDelta(section, cursor.Entry - section, (ulong)(cursor.Start - startMs));
        }

        if (before == SlotWidths.UnboundedStart)
        {
            WriteLong(section + FirstStart, startMs);
        }
        else
        {
            SetDelta(section, at, (ulong)(startMs - before));
        }

        OpenSlot(feature, startMs);
    }
}
