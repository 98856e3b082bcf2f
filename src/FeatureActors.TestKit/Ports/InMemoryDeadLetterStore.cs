using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary><see cref="IDeadLetterStore"/> in memory, with injected faults. Calls end before they return.</summary>
/// <param name="lettersMax">Most letters kept; the oldest give way.</param>
/// <param name="bytesMax">Most bytes kept (event bytes and error text); the oldest give way.</param>
public sealed class InMemoryDeadLetterStore(int lettersMax = 100_000, long bytesMax = 64 * 1024 * 1024)
    : FaultyPort("dead letters in memory"), IDeadLetterStore
{
    private readonly SortedDictionary<long, DeadLetter> _letters = [];
    private readonly Dictionary<(string, int, int, long, int, string, string, string), long> _ids = [];
    private long _lastId;
    private long _bytes;

    /// <inheritdoc/>
    public async ValueTask AddAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) =>
        await RunAsync(nameof(AddAsync), null, () => Add(letters), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DeadLetter>> ListAsync(string? reason, long? beforeId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return RunAsync<IReadOnlyList<DeadLetter>>(nameof(ListAsync), null, () => [.. _letters.Values.Reverse()
            .Where(letter => (reason is null || letter.Reason == reason) && (beforeId is null || letter.Id < beforeId))
            .Take(limit)
            .Select(static letter => letter with { Bytes = ReadOnlyMemory<byte>.Empty })], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<DeadLetter?> ReadAsync(long id, CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadAsync), null, () => _letters.GetValueOrDefault(id), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyDictionary<string, long>>(nameof(CountAsync), null, () => _letters.Values
            .CountBy(static letter => letter.Reason)
            .ToDictionary(static pair => pair.Key, static pair => (long)pair.Value), cancellationToken);

    private int Add(IReadOnlyList<DeadLetter> letters)
    {
        foreach (var letter in letters)
        {
            if (_ids.TryAdd(Identity(letter), _lastId + 1))
            {
                var bytes = letter.Bytes[..Math.Min(letter.Bytes.Length, DeadLetter.BytesMax)].ToArray();
                var stored = letter with { Id = ++_lastId, Bytes = bytes };
                _letters.Add(stored.Id, stored);
                _bytes += SizeOf(stored);
            }
        }

        while (_letters.Count > lettersMax || _bytes > bytesMax)
        {
            var oldest = _letters.First().Value;
            _letters.Remove(oldest.Id);
            _ids.Remove(Identity(oldest));
            _bytes -= SizeOf(oldest);
        }

        return letters.Count;
    }

    private static long SizeOf(DeadLetter letter) => letter.Bytes.Length + System.Text.Encoding.UTF8.GetByteCount(letter.Error);

    private static (string, int, int, long, int, string, string, string) Identity(DeadLetter letter) =>
        (letter.Source, letter.Lane, letter.Partition, letter.Offset, letter.Ordinal, letter.Group, letter.Feature, letter.Reason);
}
