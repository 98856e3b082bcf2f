using System.Globalization;
using System.Text.RegularExpressions;

namespace FeatureActors.Deployment.Tests.Checks;

/// <summary>The Dockerfile by itself, and against the manifests that run its image.</summary>
internal static partial class ImageChecks
{
    private static readonly string[] Outside = [".git/config", ".fa/lock", "artifacts/x", "src/FeatureActors.Node/obj/x", "tests/x"];

    public static IEnumerable<string> Of(Installation installation)
    {
        var image = new ImageFile(installation.Files);
        return [.. Sources(image, installation.Files), .. Stages(image), .. Runs(image, installation)];
    }

    private static IEnumerable<string> Sources(ImageFile image, RepositoryFiles files)
    {
        foreach (string source in image.Steps.Select(static s => s.Stage).Distinct().SelectMany(image.Copies).SelectMany(static c => c.Sources))
        {
            if (!files.Exists(source) && !RepositoryFiles.IsFolder(source))
            {
                yield return $"COPY {source}: is not there";
            }
            else if (!image.IsSeen(source))
            {
                yield return $"COPY {source}: .dockerignore hides it";
            }
        }

        foreach (string hidden in Outside.Where(image.IsSeen))
        {
            yield return $".dockerignore: {hidden} would be sent to the build";
        }
    }

    private static IEnumerable<string> Stages(ImageFile image)
    {
        HashSet<string> stages = [.. image.Steps.Where(static s => s.Name == "FROM").Select(static s => s.Stage)];
        Dictionary<string, string> defaults = image.Steps.Where(static s => s.Name == "ARG").ToDictionary(static s => s.Text.Split('=')[0], static s => s.Text.Split('=').Last());
        foreach (string from in image.Steps.Where(static s => s.Name == "FROM").Select(static s => s.Text.Split(' ')[0]))
        {
            string name = defaults.Aggregate(from, static (text, d) => text.Replace($"${{{d.Key}}}", d.Value, StringComparison.Ordinal));
            if (!Versioned().IsMatch(name))
            {
                yield return $"FROM {name}: has no version";
            }
        }

        foreach (string stage in image.Steps.Where(static s => s.Name == "COPY").Select(static s => FromStage().Match(s.Text)).Where(static m => m.Success).Select(static m => m.Groups["name"].Value).Except(stages))
        {
            yield return $"COPY --from={stage}: there is no such stage";
        }

        if (stages.Count < 2)
        {
            yield return "the SDK is part of the image";
        }
    }

    private static IEnumerable<string> Runs(ImageFile image, Installation installation)
    {
        string Last(string name) => image.Steps.LastOrDefault(s => s.Stage == image.Last && s.Name == name)?.Text ?? "";
        string user = installation.Set.Text("spec/template/spec/securityContext/runAsUser");
        if (Last("USER") != $"{user}:{user}")
        {
            yield return $"USER {Last("USER")}: the StatefulSet runs as {user}";
        }

        if (Last("EXPOSE") != installation.Options.Http.Port.ToString(CultureInfo.InvariantCulture))
        {
            yield return $"EXPOSE {Last("EXPOSE")}: the node listens on {installation.Options.Http.Port}";
        }

        if (Last("ENTRYPOINT") != "[\"/app/FeatureActors.Node\"]" || Last("CMD") != "[\"run\"]" || installation.Container.Text("args/0") != "run")
        {
            yield return "ENTRYPOINT, CMD: are not /app/FeatureActors.Node run";
        }

        string config = installation.Environment.GetValueOrDefault("FA_CONFIG", "");
        if (!Last("ENV").Contains($"FA_CONFIG={config}", StringComparison.Ordinal) || !image.Copies(image.Last).Any(c => c.Sources is [Installation.Config] && c.Target == config))
        {
            yield return $"ENV FA_CONFIG: the manifests mount the configuration at {config}";
        }

        if (!image.Steps.Any(s => s.Stage == image.Last && s.Name == "RUN" && s.Text.Contains(" librdkafka1 ", StringComparison.Ordinal)
            && s.Text.Contains(" tzdata ", StringComparison.Ordinal)))
        {
            yield return "RUN: librdkafka1 (Kafka) and tzdata (calendar windows) are not installed";
        }

        if (!image.Steps.Any(s => s.Stage == image.Last && s.Text.Contains($" {installation.Options.DataDirectory} ", StringComparison.Ordinal)))
        {
            yield return $"RUN: {installation.Options.DataDirectory} is not made for the user";
        }
    }

    [GeneratedRegex(@"^[\w./-]+:\d[\w.-]*$")]
    private static partial Regex Versioned();

    [GeneratedRegex(@"^--from=(?<name>\S+)")]
    private static partial Regex FromStage();
}
