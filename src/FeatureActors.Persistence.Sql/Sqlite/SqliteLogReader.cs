using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>Reads one shard's log file and sleeps until an append when it has read everything. Keeps nothing ahead.</summary>
internal sealed class SqliteLogReader(SqliteLogPartition partition, long nextOffset) : IShardLogReader
{
    private long _nextOffset = nextOffset;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<LogEntry>> ReadAsync(int bytesMax, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesMax);
        while (true)
        {
            // The signal is taken first: an append between the look and the wait must not be slept through.
            var appended = partition.Appended;
            if (_nextOffset < partition.Range.End || appended.IsCompleted)
            {
                var entries = await partition.ReadAsync(_nextOffset, bytesMax, cancellationToken).ConfigureAwait(false);
                if (entries.Count > 0)
                {
                    _nextOffset = entries[^1].Offset + 1;
                    return entries;
                }
            }

            await appended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
