using System.Text.Json.Nodes;
using FeatureActors.Node.Logging;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Tests.Logging;

public sealed class ConsoleLoggersTests
{
    [Fact]
    public void As_json_a_message_is_one_object_with_its_own_fields()
    {
        using var text = new StringWriter();
        using var loggers = new ConsoleLoggers(text, LogLevel.Information, TimeProvider.System, isJson: true);
        ILogger logger = loggers.CreateLogger("FeatureActors.Node.Http");

        Messages.Moved(logger, 7, "a \"name\"\nwith a break", new InvalidOperationException("why"));

        JsonNode line = JsonNode.Parse(Assert.Single(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)))!;
        Assert.Equal("WARN", line["level"]!.GetValue<string>());
        Assert.Equal("Node.Http", line["category"]!.GetValue<string>());
        Assert.Equal(42, line["id"]!.GetValue<int>());
        Assert.Equal(7, line["count"]!.GetValue<int>());
        Assert.Equal("a \"name\"\nwith a break", line["name"]!.GetValue<string>());
        Assert.Equal("Moved 7 of a \"name\"\nwith a break", line["message"]!.GetValue<string>());
        Assert.Contains("why", line["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }
}

/// <summary>Messages of these tests.</summary>
internal static partial class Messages
{
    [LoggerMessage(42, LogLevel.Warning, "Moved {Count} of {Name}")]
    public static partial void Moved(ILogger logger, int count, string name, Exception error);
}
