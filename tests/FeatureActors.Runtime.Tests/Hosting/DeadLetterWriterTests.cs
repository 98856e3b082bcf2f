using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Hosting;
using FeatureActors.TestKit.Features;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Tests.Hosting;

public sealed class DeadLetterWriterTests
{
    [Fact]
    public async Task Refused_events_are_told_at_once_and_then_once_a_minute_with_their_number()
    {
        var clock = new ManualClock();
        var said = new Said();
        var store = new InMemoryDeadLetterStore();
        var writer = new DeadLetterWriter(store, clock, said);
        using var stop = new CancellationTokenSource();
        Task running = writer.RunAsync(stop.Token);

        await AddAsync(writer, 0, "malformed-json");
        Assert.StartsWith("1 new dead letters, the newest malformed-json: ", Assert.Single(said.Lines), StringComparison.Ordinal);

        await AddAsync(writer, 1, "wrong-type");
        clock.Advance(TimeSpan.FromSeconds(59));
        await AddAsync(writer, 2, "wrong-type");
        Assert.Single(said.Lines);

        clock.Advance(TimeSpan.FromSeconds(1));
        await AddAsync(writer, 3, "missing-key");
        Assert.StartsWith("3 new dead letters, the newest missing-key: ", said.Lines[1], StringComparison.Ordinal);
        Assert.EndsWith("./fa dead-letters list shows them", said.Lines[1], StringComparison.Ordinal);
        Assert.Equal(4, (await store.CountAsync(CancellationToken.None)).Values.Sum());

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static async Task AddAsync(DeadLetterWriter writer, long offset, string reason)
    {
        await writer.AddAsync(
            new DeadLetter { Source = "clicks", Partition = 0, Offset = offset, AtMs = 0, Reason = reason, Error = "no use", Bytes = Array.Empty<byte>(), Length = 0 },
            CancellationToken.None);
        await writer.FlushAsync(CancellationToken.None);
    }

    private sealed class Said : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
