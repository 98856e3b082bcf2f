using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Node.Hosting;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa dead-letters</c>: events that could not be used, with the reason.</summary>
internal static class DeadLettersCommand
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Option<bool> Json = CommonOptions.Json();

    private static readonly Option<string> Reason = new("--reason")
    {
        Description = "Only this reason, such as malformed-json",
        HelpName = "reason",
    };

    private static readonly Option<int> Limit = new("--limit")
    {
        Description = "Most letters to show",
        HelpName = "number",
        DefaultValueFactory = static _ => 50,
    };

    private static readonly Option<long?> Before = new("--before")
    {
        Description = "Only ids below this one: the next page",
        HelpName = "id",
    };

    private static readonly Argument<long> Id = new("id") { Description = "Id, from the list" };

    public static Command Create(CommandHost host)
    {
        Option<string> listConfig = CommonOptions.Config();
        var list = new Command("list", "The newest, without their bytes") { listConfig, Reason, Limit, Before, Json };
        list.SetAction((result, cancellationToken) =>
            OpenAsync(result.GetRequiredValue(listConfig), host, letters => ListAsync(result, letters, host, cancellationToken), cancellationToken));

        Option<string> showConfig = CommonOptions.Config();
        var show = new Command("show", "One, with its bytes") { Id, showConfig, Json };
        show.SetAction((result, cancellationToken) =>
            OpenAsync(result.GetRequiredValue(showConfig), host, letters => ShowAsync(result, letters, host, cancellationToken), cancellationToken));
        return new Command("dead-letters", "Events that could not be used, with the reason") { list, show };
    }

    private static async Task<int> OpenAsync(
        string config, CommandHost host, Func<IDeadLetterStore, Task<int>> use, CancellationToken cancellationToken)
    {
        NodeOptions options = NodeOptionsBinder.Load(config);
        NodeStores stores = await NodeStores
            .OpenLettersAsync(options, config, () => NamespaceOf(options, config), host.Time, cancellationToken).ConfigureAwait(false);
        await using (stores.ConfigureAwait(false))
        {
            return await use(stores.DeadLetters).ConfigureAwait(false);
        }
    }

    private static string NamespaceOf(NodeOptions options, string config) => DefinitionsFile.Load(
        options.Definitions ?? throw new UsageException($"{config} does not say where the definitions are: write fa.definitions, or fa.postgres.schema"),
        options.Plugins.Folder).Namespace;

    private static async Task<int> ListAsync(ParseResult result, IDeadLetterStore letters, CommandHost host, CancellationToken cancellationToken)
    {
        int limit = result.GetValue(Limit);
        if (limit < 1)
        {
            throw new UsageException("--limit: must be at least 1");
        }

        IReadOnlyList<DeadLetter> found = await letters
            .ListAsync(result.GetValue(Reason), result.GetValue(Before), limit, cancellationToken).ConfigureAwait(false);
        if (result.GetValue(Json))
        {
            foreach (DeadLetter letter in found)
            {
                await host.Out.WriteLineAsync(JsonOf(letter).ToJsonString(OneLine)).ConfigureAwait(false);
            }

            return ExitCodes.Done;
        }

        foreach (DeadLetter letter in found)
        {
            await host.Out.WriteLineAsync(LineOf(letter)).ConfigureAwait(false);
        }

        IReadOnlyDictionary<string, long> counts = await letters.CountAsync(cancellationToken).ConfigureAwait(false);
        await host.Out.WriteLineAsync(counts.Count == 0
            ? "no dead letters"
            : "held: " + string.Join(", ", counts.OrderByDescending(static c => c.Value).Select(static c => $"{c.Value} {c.Key}"))).ConfigureAwait(false);
        return ExitCodes.Done;
    }

    private static async Task<int> ShowAsync(ParseResult result, IDeadLetterStore letters, CommandHost host, CancellationToken cancellationToken)
    {
        long id = result.GetValue(Id);
        if (await letters.ReadAsync(id, cancellationToken).ConfigureAwait(false) is not { } letter)
        {
            host.Say($"there is no dead letter {id}; older ones gave way to newer ones");
            return ExitCodes.Failed;
        }

        if (result.GetValue(Json))
        {
            JsonObject json = JsonOf(letter);
            json["bytes_base64"] = Convert.ToBase64String(letter.Bytes.Span);
            await host.Out.WriteLineAsync(json.ToJsonString(OneLine)).ConfigureAwait(false);
            return ExitCodes.Done;
        }

        await host.Out.WriteLineAsync(LineOf(letter)).ConfigureAwait(false);
        string kept = letter.Bytes.Length < letter.Length ? $", the first {letter.Bytes.Length} are kept" : "";
        await host.Out.WriteLineAsync($"{letter.Length} bytes{kept}{(letter.Sha256.Length == 0 ? "" : ", sha256 " + letter.Sha256)}").ConfigureAwait(false);
        await host.Out.WriteLineAsync(Readable(letter.Bytes.Span)).ConfigureAwait(false);
        return ExitCodes.Done;
    }

    private static string LineOf(DeadLetter letter)
    {
        string where = letter.Group.Length == 0 ? "" : letter.Feature.Length == 0 ? $" {letter.Group}" : $" {letter.Group}.{letter.Feature}";
        DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(letter.AtMs);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{letter.Id}  {at:yyyy-MM-dd'T'HH:mm:ss'Z'}  {letter.Source}-{letter.Partition}@{letter.Offset}{where}  {letter.Reason}: {letter.Error}");
    }

    // Control characters would move the cursor, or worse.
    private static string Readable(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (char c in Encoding.UTF8.GetString(bytes))
        {
            text.Append(char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c);
        }

        return text.ToString();
    }

    private static JsonObject JsonOf(DeadLetter letter) => new()
    {
        ["id"] = letter.Id,
        ["at"] = letter.AtMs,
        ["source"] = letter.Source,
        ["lane"] = letter.Lane,
        ["partition"] = letter.Partition,
        ["offset"] = letter.Offset,
        ["ordinal"] = letter.Ordinal,
        ["group"] = letter.Group.Length == 0 ? null : letter.Group,
        ["feature"] = letter.Feature.Length == 0 ? null : letter.Feature,
        ["reason"] = letter.Reason,
        ["error"] = letter.Error,
        ["length"] = letter.Length,
        ["sha256"] = letter.Sha256.Length == 0 ? null : letter.Sha256,
    };
}
