using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Kafka.Native;

/// <summary>
/// One librdkafka client without a group. It reads each partition into a queue of its own, so a slow reader fills its own
/// queue, librdkafka stops fetching for it alone, and nothing fetched is thrown away. Safe for concurrent calls.
/// </summary>
internal sealed unsafe class NativeConsumer : IDisposable
{
    private const int ErrorTextBytes = 512;

    // An object, for Dispose waits on it until calls in other threads have left the client.
    private readonly object _lock = new();
    private readonly Dictionary<(string Topic, int Partition), PartitionConsumer> _open = [];
    private readonly string _dependency;
    private GCHandle _logger;
    private nint _client;
    private int _calls;

    static NativeConsumer() => Librdkafka.Initialize();

    public NativeConsumer(IReadOnlyDictionary<string, string> settings, string dependency, ILogger logger)
    {
        _dependency = dependency;
        _logger = GCHandle.Alloc(logger);
        var conf = Librdkafka.ConfNew();
        var errorText = stackalloc byte[ErrorTextBytes];
        Librdkafka.ConfSetOpaque(conf, GCHandle.ToIntPtr(_logger));
        Librdkafka.ConfSetLogCallback(conf, &OnLog);
        foreach (var (name, value) in settings)
        {
            if (Librdkafka.ConfSet(conf, name, value, errorText, ErrorTextBytes) != Librdkafka.ConfOk)
            {
                Librdkafka.ConfDestroy(conf);
                _logger.Free();

                // librdkafka's own text quotes the value, which may be a secret.
                throw new ArgumentException($"kafka property {name} is unknown to the client or has a bad value", nameof(settings));
            }
        }

        _client = Librdkafka.New(Librdkafka.ConsumerType, conf, errorText, ErrorTextBytes);
        if (_client == 0)
        {
            Librdkafka.ConfDestroy(conf);
            _logger.Free();
            throw new ArgumentException(
                $"could not create a kafka consumer: {Marshal.PtrToStringUTF8((nint)errorText)}", nameof(settings));
        }
    }

    /// <summary>Starts reading a partition, or answers null when this client reads it already.</summary>
    public PartitionConsumer? TryOpen(string topic, int partition, long offset)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_client == 0, this);
            if (_open.ContainsKey((topic, partition)))
            {
                return null;
            }

            var consumer = new PartitionConsumer(this, _client, topic, partition, offset, _dependency);
            _open.Add((topic, partition), consumer);
            return consumer;
        }
    }

    /// <summary>Asks the partition's leader for its offsets; blocks up to the timeout.</summary>
    public LogRange QueryRange(string topic, int partition, TimeSpan timeout)
    {
        long low;
        long high;
        var client = Enter();
        try
        {
            var error = Librdkafka.QueryWatermarkOffsets(client, topic, partition, &low, &high, (int)timeout.TotalMilliseconds);
            return error == 0
                ? new LogRange(low, high)
                : throw new DependencyUnavailableException(
                    _dependency, $"could not read the offsets of {topic}-{partition}: {Librdkafka.Describe(error)}");
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>The cluster's id, or null where the broker has none (before 0.10.1). Call it after the broker has answered once.</summary>
    public string? ReadClusterId(TimeSpan timeout)
    {
        var client = Enter();
        try
        {
            var text = Librdkafka.ClusterId(client, (int)timeout.TotalMilliseconds);
            if (text == 0)
            {
                return null;
            }

            var id = Marshal.PtrToStringUTF8(text);
            Librdkafka.MemFree(client, text);
            return id;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Closes what is still open and ends the client's threads; blocks for some milliseconds.</summary>
    public void Dispose()
    {
        PartitionConsumer[] open;
        nint client;
        lock (_lock)
        {
            if (_client == 0)
            {
                return;
            }

            open = [.. _open.Values];
            client = _client;
            _client = 0;
            while (_calls > 0)
            {
                Monitor.Wait(_lock);
            }
        }

        foreach (var consumer in open)
        {
            consumer.Close();
        }

        Librdkafka.Destroy(client);
        _logger.Free();
    }

    internal void Forget(PartitionConsumer consumer)
    {
        lock (_lock)
        {
            _open.Remove((consumer.Topic, consumer.Partition));
        }
    }

    private nint Enter()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_client == 0, this);
            _calls++;
            return _client;
        }
    }

    private void Exit()
    {
        lock (_lock)
        {
            _calls--;
            Monitor.PulseAll(_lock);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(nint client, int level, byte* facility, byte* text)
    {
        var logLevel = Log.LevelOf(level);
        if (GCHandle.FromIntPtr(Librdkafka.Opaque(client)).Target is ILogger logger && logger.IsEnabled(logLevel))
        {
            var facilityText = Marshal.PtrToStringUTF8((nint)facility) ?? "";
            var logText = Marshal.PtrToStringUTF8((nint)text) ?? "";
            Log.Client(logger, logLevel, facilityText, logText);
        }
    }
}
