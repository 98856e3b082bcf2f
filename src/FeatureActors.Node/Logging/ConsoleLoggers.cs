using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Logging;

/// <summary>
/// Writes log messages as lines: time, level, category, message, and the exception below; or each as one object of JSON. Safe for
/// concurrent use.
/// </summary>
/// <param name="target">Receives the lines.</param>
/// <param name="least">Least important level that is written.</param>
/// <param name="time">Clock of the lines.</param>
/// <param name="isJson">True for JSON.</param>
internal sealed class ConsoleLoggers(TextWriter target, LogLevel least, TimeProvider time, bool isJson = false) : ILoggerFactory
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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

    private static string WordOf(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => "ERROR",
        LogLevel.Warning => "WARN",
        LogLevel.Information => "INFO",
        _ => "DEBUG",
    };

    private string Now => time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private void Write(LogLevel level, string category, string message, Exception? error)
    {
        string line = $"{Now} {WordOf(level),-5} {category}: {message}";
        lock (_lock)
        {
            target.WriteLine(line);
            if (error is not null)
            {
                target.WriteLine(error);
            }
        }
    }

    private void WriteJson(LogLevel level, string category, EventId id, string message, IEnumerable<KeyValuePair<string, object?>>? fields, Exception? error)
    {
        var line = new JsonObject
        {
            ["time"] = Now,
            ["level"] = WordOf(level),
            ["category"] = category,
            ["id"] = id.Id,
            ["message"] = message,
        };
        foreach ((string name, object? value) in fields ?? [])
        {
            // The template is the message again.
            if (name != "{OriginalFormat}")
            {
                line.TryAdd(char.ToLowerInvariant(name[0]) + name[1..], ValueOf(value));
            }
        }

        if (error is not null)
        {
            line["error"] = error.ToString();
        }

        string text = line.ToJsonString(Plain);
        lock (_lock)
        {
            target.WriteLine(text);
        }
    }

    private static JsonNode? ValueOf(object? value) => value switch
    {
        null => null,
        int number => number,
        long number => number,
        double number when double.IsFinite(number) => number,
        bool truth => truth,
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private sealed class LineLogger(ConsoleLoggers owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The web server tells of every call, with its path, which holds a key: probes would fill the log, and keys do not belong there.
        private readonly LogLevel _least = category.StartsWith("Microsoft.", StringComparison.Ordinal) && owner.Least < LogLevel.Warning ? LogLevel.Warning : owner.Least;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= _least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                string message = formatter(state, exception);
                if (owner.IsJson)
                {
                    owner.WriteJson(logLevel, category, eventId, message, state as IEnumerable<KeyValuePair<string, object?>>, exception);
                }
                else
                {
                    owner.Write(logLevel, category, message, exception);
                }
            }
        }
    }

    private LogLevel Least => least;

    private bool IsJson => isJson;
}
