using System.CommandLine;

namespace FeatureActors.Node.Commands;

/// <summary>Commands that the contract promises and this release lacks: each says so and exits 2.</summary>
internal static class PromisedCommands
{
    private static readonly string[] Names =
    [
        "bench",
        "rollback", "forget", "backfill", "audit", "explain", "chaos",
    ];

    public static IEnumerable<Command> CreateAll(CommandHost host) => Names.Select(name => Create(name, host));

    private static Command Create(string name, CommandHost host)
    {
        var command = new Command(name, "promised and not built yet") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(_ =>
        {
            host.Say($"{name} is promised and not built yet");
            return ExitCodes.Usage;
        });
        return command;
    }
}
