using Confluent.Kafka;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Kafka;

/// <summary>A partition was given to this member, or taken away.</summary>
internal readonly record struct MembershipChange(string Topic, int Partition, bool IsAssigned);

/// <summary>
/// A member of a consumer group that reads nothing: the group only says who has which partition. Its thread polls and does
/// nothing else, so a busy node keeps its place. All partitions are paused as soon as they are assigned.
/// </summary>
internal sealed class GroupMembership : IAsyncDisposable
{
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly KafkaConnection _connection;
    private readonly string _group;
    private readonly string[] _topics;
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly ManualResetEventSlim _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // At most a loss and a gain per partition: an unread change is void once the partition is lost again.
    private readonly List<MembershipChange> _changes = [];
    private readonly HashSet<TopicPartition> _held = [];

    // Only the poll thread touches these.
    private readonly List<TopicPartition> _fresh = [];
    private bool _isPlaced;
    private volatile bool _isRejoining;
    private Exception? _failure;

    public GroupMembership(KafkaConnection connection, string group, IEnumerable<string> topics)
    {
        _connection = connection;
        _group = group;
        _topics = [.. topics];
        new Thread(Run) { IsBackground = true, Name = $"kafka group {group}" }.Start();
    }

    /// <summary>Waits for changes and answers all there are.</summary>
    /// <exception cref="DependencyUnavailableException">The group refuses this node.</exception>
    public async ValueTask<IReadOnlyList<MembershipChange>> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _arrived.WaitAsync(cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                if (_changes.Count > 0)
                {
                    MembershipChange[] changes = [.. _changes];
                    _changes.Clear();
                    return changes;
                }

                if (_failure is not null)
                {
                    throw _failure;
                }
            }
        }
    }

    /// <summary>
    /// Leaves the group and joins it as a new member: everything held is lost at once, and what is given then is given now. Calls until it
    /// has left are one.
    /// </summary>
    public void Rejoin() => _isRejoining = true;

    /// <summary>Leaves the group, so that others take over at once. Gives up waiting after twice the close timeout.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Set();
        try
        {
            await _ended.Task.WaitAsync(_connection.Options.CloseTimeout * 2, _connection.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Log.PollFailed(_connection.Logger, _group, "leaving took too long; the session time-out will end the membership");
        }
    }

    private void Run()
    {
        try
        {
            while (!_stop.IsSet)
            {
                RunMember();
                Lose(HeldNow());
            }
        }
#pragma warning disable CA1031 // The thread's last stop: the failure goes to the reader, who can act on it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Lose(HeldNow());
            lock (_lock)
            {
                _failure = exception is KafkaException kafka
                    ? _connection.Unavailable($"could not be a member of group {_group}", kafka)
                    : exception;
            }

            _arrived.Release();
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    // Ends at the stop signal, when the member is to join again, or after a fatal error, which needs a new client.
    private void RunMember()
    {
        _isPlaced = false;
        _isRejoining = false;
        var consumer = new ConsumerBuilder<Ignore, Ignore>(Settings())
            .SetLogHandler((_, message) => _connection.LogClient(message))
            .SetErrorHandler((_, error) => _connection.LogError(error))
            .SetPartitionsAssignedHandler((_, partitions) => OnAssigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => Lose(partitions.ConvertAll(each => each.TopicPartition)))
            .SetPartitionsLostHandler((_, partitions) => Lose(partitions.ConvertAll(each => each.TopicPartition)))
            .Build();
        consumer.Subscribe(_topics);
        while (!_stop.IsSet && !_isRejoining)
        {
            try
            {
                consumer.Consume(PollTimeout);
                PublishFresh(consumer);
            }
            catch (ConsumeException exception) when (exception.Error.IsFatal)
            {
                Log.PollFailed(_connection.Logger, _group, exception.Error.Reason);
                Leave(consumer);
                return;
            }
            catch (ConsumeException exception) when (
                exception.Error.Code is not (ErrorCode.GroupAuthorizationFailed or ErrorCode.TopicAuthorizationFailed))
            {
                Log.PollFailed(_connection.Logger, _group, exception.Error.Reason);
                _stop.Wait(RetryPause); // Far below max.poll.interval.ms.
            }
        }

        Leave(consumer);
    }

    /// <summary>
    /// Leaves the group. librdkafka before 2.3 ends the process when a member is closed between joining and its first assignment
    /// (github.com/confluentinc/librdkafka/issues/4312): that assignment is waited for, and a client that does not get one is left to the
    /// end of the process; the session time-out then ends a membership that has nothing.
    /// </summary>
    private void Leave(IConsumer<Ignore, Ignore> consumer)
    {
        long start = _connection.Time.GetTimestamp();
        while (!_isPlaced && _connection.Time.GetElapsedTime(start) < _connection.Options.CloseTimeout)
        {
            try
            {
                consumer.Consume(PollTimeout);
            }
            catch (ConsumeException)
            {
                // Said before; here only the assignment matters.
            }
        }

        if (_isPlaced)
        {
            consumer.Close();
            consumer.Dispose();
        }
    }

    // The start offset matters little, for nothing is read; the end makes that little cheap and needs no stored offset.
    private List<TopicPartitionOffset> OnAssigned(List<TopicPartition> partitions)
    {
        _isPlaced = true;
        _fresh.AddRange(partitions);
        return partitions.ConvertAll(partition => new TopicPartitionOffset(partition, Offset.End));
    }

    // Behind a poll that went well: an assignment that the group has taken back meanwhile was announced as lost before.
    private void PublishFresh(IConsumer<Ignore, Ignore> consumer)
    {
        if (_fresh.Count == 0)
        {
            return;
        }

        consumer.Pause(_fresh);
        lock (_lock)
        {
            foreach (var partition in _fresh)
            {
                if (_held.Add(partition))
                {
                    _changes.Add(new MembershipChange(partition.Topic, partition.Partition.Value, true));
                }
            }
        }

        Log.Assigned(_connection.Logger, _group, _fresh.Count, new PartitionList(_fresh));
        _fresh.Clear();
        _arrived.Release();
    }

    private void Lose(List<TopicPartition> partitions)
    {
        if (partitions.Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                _fresh.Remove(partition);
                _held.Remove(partition);
                _changes.RemoveAll(change => change.Topic == partition.Topic && change.Partition == partition.Partition.Value);
                _changes.Add(new MembershipChange(partition.Topic, partition.Partition.Value, false));
            }
        }

        Log.Revoked(_connection.Logger, _group, partitions.Count, new PartitionList(partitions));
        _arrived.Release();
    }

    private List<TopicPartition> HeldNow()
    {
        lock (_lock)
        {
            return [.. _held];
        }
    }

    private Dictionary<string, string> Settings()
    {
        var settings = _connection.BaseSettings();
        settings["group.id"] = _group;
        settings["partition.assignment.strategy"] = "cooperative-sticky";
        settings["session.timeout.ms"] = Milliseconds(_connection.Options.SessionTimeout);
        settings["heartbeat.interval.ms"] = Milliseconds(_connection.Options.HeartbeatInterval);
        settings["enable.auto.commit"] = "false";
        settings["enable.auto.offset.store"] = "false";
        settings["auto.offset.reset"] = "error";
        settings["queued.min.messages"] = "1";
        settings["queued.max.messages.kbytes"] = "1";
        settings["fetch.message.max.bytes"] = "1024";
        settings["dotnet.consumer.consume.result.fields"] = "none";
        return settings;
    }

    private static string Milliseconds(TimeSpan time) => KafkaConnection.Number((long)time.TotalMilliseconds);
}
