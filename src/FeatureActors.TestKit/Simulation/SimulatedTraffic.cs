namespace FeatureActors.TestKit.Simulation;

/// <summary>The events of a world, as its users make them.</summary>
internal sealed class SimulatedTraffic(SimulatedWorld world)
{
    private readonly List<SimulatedEvent> _told = [];

    /// <summary>An event of some key: late or ahead now and then, told again, or taken back.</summary>
    public void MakeEvent()
    {
        Random random = world.Course.Random;
        int partition = random.Next(world.Source.Partitions);
        int rank = (int)(world.Keys.Count * Math.Pow(random.NextDouble(), 2));
        long time = world.Course.NowMs + random.Next(12) switch
        {
            0 => -random.Next(600_000),
            1 => -random.Next(20_000),
            2 => random.Next(90_000),
            _ => -random.Next(300),
        };
        time = random.Next(6) == 0 ? time / 1000 * 1000 : time;
        world.Course.Events++;
        if (world.Definitions.Retracts && random.Next(5) == 0)
        {
            TakeBack(partition, time);
            return;
        }

        if (_told.Count > 0 && random.Next(8) == 0)
        {
            // The same happening told again, perhaps in another partition.
            SimulatedEvent told = _told[random.Next(Math.Max(0, _told.Count - 40), _told.Count)];
            world.Source.Add(partition, told.Key, told.TimeMs, told.Value, told.Category, told.Action, told.Id);
            return;
        }

        string? id = random.Next(2) == 0 ? null : $"e{_told.Count}";
        SimulatedEvent made = world.Source.Add(
            partition, world.Keys[rank], time,
            random.Next(5) == 0 ? null : random.Next(-5, 20),
            random.Next(6) == 0 ? null : "xyzuvw"[random.Next(6)].ToString(),
            random.Next(3) == 0 ? "buy" : "view",
            id);
        if (id is not null)
        {
            _told.Add(made);
        }
    }

    /// <summary>An event that takes an earlier one back, or one that is told only later.</summary>
    private void TakeBack(int partition, long timeMs)
    {
        Random random = world.Course.Random;
        if (_told.Count > 0 && random.Next(4) != 0)
        {
            SimulatedEvent told = _told[random.Next(Math.Max(0, _told.Count - 40), _told.Count)];
            world.Source.Add(partition, told.Key, told.TimeMs, told.Value, told.Category, told.Action, told.Id, isRetraction: true);
            return;
        }

        world.Course.Meet("retraction-first");
        string id = $"r{world.Course.Events}";
        SimulatedEvent undo = world.Source.Add(
            partition, world.Keys[random.Next(world.Keys.Count)], timeMs, random.Next(-5, 20), "xyz"[random.Next(3)].ToString(), "buy", id, isRetraction: true);
        world.Course.After(random.Next(1, 5_000), () =>
            world.Source.Add(random.Next(world.Source.Partitions), undo.Key, undo.TimeMs, undo.Value, undo.Category, undo.Action, undo.Id));
    }
}
