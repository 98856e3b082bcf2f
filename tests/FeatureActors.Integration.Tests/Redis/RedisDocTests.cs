using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FeatureActors.Integration.Tests.Fixtures;

namespace FeatureActors.Integration.Tests.Redis;

/// <summary>Runs the examples of docs/redis.md and compares what they print with what the page says.</summary>
[Trait("Category", "Integration")]
public sealed partial class RedisDocTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private static readonly string Page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "redis.md"));

    [Fact]
    public async Task The_redis_cli_examples_print_what_the_page_says()
    {
        await PublishedShop.WriteAsync(redis.Server);
        string[] lines = Block("redis-cli", "sh").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string commands = string.Join('\n', lines.Where(line => !line.StartsWith('#')));
        string expected = string.Join('\n', lines.Where(line => line.StartsWith("# ", StringComparison.Ordinal)).Select(line => line[2..]));

        Assert.Equal(expected, await RunAsync("bash", ["-c", AtTestServer(commands)]));
    }

    [Fact]
    public async Task The_Python_example_prints_what_the_page_says()
    {
        await PublishedShop.WriteAsync(redis.Server);

        Assert.Equal(
            Block("Python", "text"), await RunAsync("python3", ["-c", AtTestServer(Block("Python", "python"))]));
    }

    [Fact]
    public async Task The_CSharp_example_is_the_one_that_runs_and_prints_what_the_page_says()
    {
        await PublishedShop.WriteAsync(redis.Server);
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        List<string> output = [];
        await RedisDocExample.RunAsync(redis.Server.Endpoint, output.Add);
        Assert.Equal(Block("C#", "text"), string.Join('\n', output));

        string source = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "RedisDocExample.cs.txt"));
        string example = Example().Match(source).Groups["text"].Value
            .Replace("ConnectionString = server", "ConnectionString = \"localhost:6379\"", StringComparison.Ordinal)
            .Replace("print(", "Console.WriteLine(", StringComparison.Ordinal);
        Assert.Equal(Block("C#", "csharp"), Indentation().Replace(example, "").TrimEnd());
    }

    private static string Block(string section, string language)
    {
        int start = Page.IndexOf($"\n## {section}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"docs/redis.md has no section {section}");
        int block = Page.IndexOf($"\n```{language}\n", start, StringComparison.Ordinal);
        Assert.True(block >= 0, $"docs/redis.md has no {language} block behind {section}");
        int text = block + language.Length + 5;
        return Page[text..Page.IndexOf("\n```", text, StringComparison.Ordinal)];
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, $"{program} failed: {await errors}");
        return output.TrimEnd();
    }

    [GeneratedRegex(@"// <example>\n(?<text>.*?)\n\s*// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"^ {8}", RegexOptions.Multiline)]
    private static partial Regex Indentation();

    private string AtTestServer(string example) => example
        .Replace("localhost", "127.0.0.1", StringComparison.Ordinal)
        .Replace("6379", redis.Server.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
