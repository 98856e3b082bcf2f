using System.Globalization;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Logging;

/// <summary>Writes log messages as lines: time, level, category, message, and the exception below. Safe for concurrent use.</summary>
/// <param name="target">Receives the lines.</param>
/// <param name="least">Least important level that is written.</param>
/// <param name="time">Clock of the lines.</param>
internal sealed class ConsoleLoggers(TextWriter target, LogLevel least, TimeProvider time) : ILoggerFactory
{
    private readonly Lock _lock = new();

    /// <summary>The level that a configuration calls <paramref name="word"/>.</summary>
    public static LogLevel LevelOf(string word) => word switch
    {
        "debug" => LogLevel.Debug,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => LogLevel.Information,
    };

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) =>
        new LineLogger(this, categoryName.StartsWith("FeatureActors.", StringComparison.Ordinal) ? categoryName["FeatureActors.".Length..] : categoryName);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the node writes its messages to one place");

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string message, Exception? error)
    {
        string word = level switch
        {
            LogLevel.Critical or LogLevel.Error => "ERROR",
            LogLevel.Warning => "WARN ",
            LogLevel.Information => "INFO ",
            _ => "DEBUG",
        };
        string line = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {word} {category}: {message}");
        lock (_lock)
        {
            target.WriteLine(line);
            if (error is not null)
            {
                target.WriteLine(error);
            }
        }
    }

    private sealed class LineLogger(ConsoleLoggers owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.Least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner.Write(logLevel, category, formatter(state, exception), exception);
            }
        }
    }

    private LogLevel Least => least;
}
