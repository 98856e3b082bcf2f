using System.Globalization;

namespace FeatureActors.TestKit.Simulation;

/// <summary>What must stand in the sink when a world is at rest.</summary>
internal sealed class SinkLaws(SimulatedWorld world, SimulatedShard shard)
{
    /// <summary>T since which nothing but time moves anything.</summary>
    public long RestSinceMs { get; set; }

    /// <summary>After a single event at rest: a value trigger that should have fired for it has.</summary>
    /// <param name="key">Full key in the sink.</param>
    /// <param name="group">Its group.</param>
    /// <param name="from">T when the event was applied: what left a window since then has longer, and <see cref="Compare"/> judges it.</param>
    public void CompareNudged(string key, NaiveGroup group, long from)
    {
        IReadOnlyDictionary<string, string>? hash = world.Ports.Sink.TryRead(key);
        if (At(shard.ClockMs) is not { } now || !IsAsAt(from) || (hash is not null && VersionOf(hash).TimeMs is var written && written > from && !IsAsAt(written)))
        {
            return;
        }

        world.Course.Comparisons++;
        world.Course.Meet("value-trigger-judged");
        if (group.ValueTriggers.Any(t => t.Fires(now, hash)))
        {
            SimulatedCourse.Violate(SimulatedLaw.Values, $"an event at rest: {key}: {group.ValueTriggers[0]} should have fired\n  now     {NaiveModel.Show(now)}\n  written {NaiveModel.Show(hash)}");
        }

        Dictionary<string, string>? At(long timeMs) => shard.Naive.Evaluate(shard.Log.End, timeMs, onlyKey: key).GetValueOrDefault(key);

        bool IsAsAt(long timeMs) => At(timeMs) is { } then && group.AreSame(then, now!, hasAgeing: false);
    }

    /// <summary>At rest the sink has what all events give, and nothing else.</summary>
    public void Compare(string when)
    {
        long now = shard.ClockMs;
        long settled = world.Definitions.IsWall ? now - world.BoundMs : now;
        Dictionary<string, Dictionary<string, string>?> expected = shard.Naive.Evaluate(shard.Log.End, now, isPublished: true);
        Dictionary<string, Dictionary<string, string>?> earlier = shard.Naive.Evaluate(shard.Log.End, settled, isPublished: true);
        IReadOnlyList<string> found = shard.ListKeys();
        foreach (string key in found.Except(expected.Keys))
        {
            // A key that an older snapshot brought back after its entity and its owner were gone leaves by its expiry.
            if ((!world.Ports.Restored.Contains(key) || shard.Acquisitions < 2) && !IsAsOfItsTime(key, earlier, settled))
            {
                SimulatedCourse.Violate(SimulatedLaw.Exits, $"{when}: T {now}: {key} is in Redis and should not be: {NaiveModel.Show(world.Ports.Sink.TryRead(key))}");
            }
        }

        foreach ((string key, Dictionary<string, string>? fields) in expected)
        {
            if (fields is null)
            {
                continue;
            }

            world.Course.Comparisons++;
            if (GroupOf(key).IsHeld)
            {
                CompareHeld(when, key, fields, earlier, settled);
                continue;
            }

            IReadOnlyDictionary<string, string>? hash = world.Ports.Sink.TryRead(key);
            if ((hash is null || !GroupOf(key).AreSame(fields, hash)) && !IsAsOfItsTime(key, earlier, settled))
            {
                SimulatedCourse.Violate(SimulatedLaw.Values, $"{when}: T {now}: {key}\n  expected {NaiveModel.Show(fields)}\n  found    {NaiveModel.Show(hash)}");
            }
        }
    }

    /// <summary>True when the key is right at its own <c>_v</c> and no value changed from there to <paramref name="settledMs"/>.</summary>
    private bool IsAsOfItsTime(string key, Dictionary<string, Dictionary<string, string>?> earlier, long settledMs)
    {
        IReadOnlyDictionary<string, string>? hash = world.Ports.Sink.TryRead(key);
        if (!earlier.TryGetValue(key, out Dictionary<string, string>? fields))
        {
            return hash is null || long.Parse(hash["_t"], CultureInfo.InvariantCulture) > settledMs;
        }

        if (hash is null)
        {
            // What fades away leaves at the very moment, or at the next step.
            return GroupOf(key).HasAgeing
                && !shard.Naive.Evaluate(shard.Log.End, shard.ClockMs, onlyKey: key).ContainsKey(key);
        }

        if (GroupOf(key).IsHeld)
        {
            // It was there when everything was settled, and is on its way out.
            return true;
        }

        (long end, long time) = VersionOf(hash);
        return shard.Naive.Evaluate(end, time, onlyKey: key).TryGetValue(key, out Dictionary<string, string>? then)
            && (then is null || GroupOf(key).AreSame(then, hash)) && (time > settledMs || fields is null
                || (GroupOf(key).AreSame(fields, hash, hasAgeing: false) && HasAged(GroupOf(key), fields, hash, time, settledMs)));
    }

    /// <summary>What changes with T alone was evaluated at its last step, unless it was gone by then.</summary>
    private static bool HasAged(
        NaiveGroup group, Dictionary<string, string> settled, IReadOnlyDictionary<string, string> hash, long timeMs, long settledMs) =>
        group.Features.Where(static f => f.IsAgeing).All(f => timeMs >= NaiveWindow.Floor(settledMs, f.AgeingStepMs)
            || (!settled.ContainsKey(f.Name) && !hash.ContainsKey(f.Name)));

    /// <summary>The log position and T that a hash says it was evaluated at.</summary>
    private static (long End, long TimeMs) VersionOf(IReadOnlyDictionary<string, string> hash)
    {
        string[] version = hash["_v"].Split('-');
        return (long.Parse(version[0], CultureInfo.InvariantCulture), long.Parse(version[1], CultureInfo.InvariantCulture));
    }

    private NaiveGroup GroupOf(string key) => shard.GroupOf(key)!;

    /// <summary>
    /// Where only values decide: what stands in Redis is what was true at its own log position and T; no trigger should have fired for
    /// what is true now; and nothing entered or left a window unwritten since the course came to rest.
    /// </summary>
    private void CompareHeld(
        string when, string key, Dictionary<string, string> now, Dictionary<string, Dictionary<string, string>?> earlier, long settledMs)
    {
        if (!earlier.TryGetValue(key, out Dictionary<string, string>? settled) || settled is null)
        {
            return;
        }

        IReadOnlyDictionary<string, string>? hash = world.Ports.Sink.TryRead(key);
        long from = RestSinceMs;
        if (hash is not null)
        {
            (long end, long time) = VersionOf(hash);
            from = Math.Max(from, time);
            Dictionary<string, Dictionary<string, string>?> then = shard.Naive.Evaluate(end, time, onlyKey: key);
            if (!then.TryGetValue(key, out Dictionary<string, string>? fields) || (fields is not null && !GroupOf(key).AreSame(fields, hash)))
            {
                SimulatedCourse.Violate(SimulatedLaw.Values, $"{when}: {key} as of its own {hash["_v"]}\n  expected {NaiveModel.Show(fields)}\n  found    {NaiveModel.Show(hash)}");
            }
        }

        if (GroupOf(key).AreSame(settled, now) && GroupOf(key).ValueTriggers.Any(t => t.Fires(settled, hash) && FiresSince(t, key, hash, settledMs)))
        {
            SimulatedCourse.Violate(SimulatedLaw.Values, $"{when}: {key}: {GroupOf(key).ValueTriggers[0]} should have fired\n  now     {NaiveModel.Show(settled)}\n  written {NaiveModel.Show(hash)}");
        }

        if (RestSinceMs > 0 && from < settledMs && shard.Naive.Evaluate(shard.Log.End, from, onlyKey: key).GetValueOrDefault(key) is { } before
            && !GroupOf(key).AreSame(before, settled) && (hash is null || !GroupOf(key).AreSame(settled, hash)))
        {
            // What never was written may leave without a write.
            SimulatedCourse.Violate(SimulatedLaw.Exits, $"{when}: {key}: an exit was not written\n  at {from} {NaiveModel.Show(before)}\n  at {settledMs} {NaiveModel.Show(settled)}\n  found {NaiveModel.Show(hash)}");
        }
    }

    /// <summary>
    /// True when the trigger fires for what was true at every moment since: values that were meanwhile as they are written, and changed
    /// back, have longer.
    /// </summary>
    private bool FiresSince(NaiveTrigger trigger, string key, IReadOnlyDictionary<string, string>? hash, long settledMs)
    {
        // Far finer than any slot.
        const long StepMs = 10;
        for (long time = settledMs; time <= shard.ClockMs; time += StepMs)
        {
            if (shard.Naive.Evaluate(shard.Log.End, time, isPublished: true, onlyKey: key).GetValueOrDefault(key) is not { } then || !trigger.Fires(then, hash))
            {
                return false;
            }
        }

        return true;
    }
}
