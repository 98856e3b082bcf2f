using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <summary>What goes into a shard and comes out of it, in words.</summary>
internal static class ShardTexts
{
    /// <summary>For the story of a run.</summary>
    public static string Show(long batch) => $"{batch >> 32}.{batch & uint.MaxValue}";

    /// <summary>For the story of a run.</summary>
    public static string Describe(ShardInput input) => input switch
    {
        ShardInput.LogRead log => $"LogRead {string.Join(' ', log.Entries.Select(static e => e.Offset))}",
        ShardInput.Loaded loaded => $"Loaded {loaded.Entities.Count} of {string.Join(' ', loaded.Keys.Select(static k => System.Text.Encoding.UTF8.GetString(k.Span)))}",
        ShardInput.DueLoaded due => $"DueLoaded {string.Join(' ', due.Entities.Select(static e => System.Text.Encoding.UTF8.GetString(e.Key.Span)))}",
        ShardInput.KeysLoaded keys => $"KeysLoaded {string.Join(' ', keys.Entities.Select(static e => System.Text.Encoding.UTF8.GetString(e.Key.Span)))}",
        ShardInput.Published published => $"Published {Show(published.Batch)} {published.Answer.Outcome}",
        ShardInput.PublishFailed failed => $"PublishFailed {Show(failed.Batch)}",
        ShardInput.FenceRead { Fence: { } fence } => $"FenceRead epoch {fence.Epoch} batch {Show(fence.Batch)}",
        ShardInput.HeaderRead header => $"HeaderRead epoch {header.Header.Epoch} checkpoint {header.Header.CheckpointId}",
        ShardInput.CommitEnded ended => $"CommitEnded {ended.Outcome}",
        _ => input.GetType().Name,
    };

    /// <summary>For the story of a run.</summary>
    public static string Describe(ShardOutput output) => output switch
    {
        ShardOutput.Moved moved => $"{moved.From} → {moved.To}: {moved.Reason}",
        ShardOutput.Alarm alarm => $"Alarm {alarm.Text}",
        ShardOutput.Publish publish => $"Publish {Show(publish.Batch.Batch)}",
        ShardOutput.ReadKeys keys => $"ReadKeys after {System.Text.Encoding.UTF8.GetString(keys.After.Span)} unpublished {keys.OnlyUnpublished} limit {keys.Limit}",
        ShardOutput.LoadKeys load => $"LoadKeys {string.Join(' ', load.Keys.Select(static k => System.Text.Encoding.UTF8.GetString(k.Span)))}",
        ShardOutput.ReadDue due => $"ReadDue {due.DueAtOrBeforeMs}",
        _ => output.GetType().Name,
    };
}
