using System.Text.RegularExpressions;

namespace FeatureActors.Deployment.Tests;

/// <summary>An instruction of a Dockerfile.</summary>
/// <param name="Stage">Name of its stage, or its number.</param>
/// <param name="Name">First word, in capitals.</param>
/// <param name="Text">The rest, continued lines joined.</param>
internal sealed record ImageStep(string Stage, string Name, string Text);

/// <summary>The Dockerfile and what .dockerignore leaves of the repository.</summary>
internal sealed partial class ImageFile
{
    public const string Path = "Dockerfile";

    private readonly RepositoryFiles _files;

    public ImageFile(RepositoryFiles files)
    {
        _files = files;
        string text = Comment().Replace(files.Read(Path), "").Replace("\\\n", " ", StringComparison.Ordinal);
        int number = -1;
        string stage = "";
        var steps = new List<ImageStep>();
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string name = line.Split(' ')[0].ToUpperInvariant();
            string rest = Spaces().Replace(line[name.Length..].Trim(), " ");
            if (name == "FROM")
            {
                number++;
                stage = rest.Split(" AS ") is [_, string given] ? given : number.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            steps.Add(new ImageStep(stage, name, rest));
        }

        Steps = steps;
        Last = stage;
    }

    public IReadOnlyList<ImageStep> Steps { get; }

    /// <summary>The stage that becomes the image.</summary>
    public string Last { get; }

    /// <summary>Arguments of <c>dotnet publish</c>.</summary>
    public string[] Publish => Steps.First(static s => s.Name == "RUN" && s.Text.StartsWith("dotnet publish ", StringComparison.Ordinal)).Text.Split(' ')[1..];

    /// <summary>What is copied out of the repository in a stage: sources, and where to.</summary>
    public IEnumerable<(string[] Sources, string Target)> Copies(string stage) => Steps
        .Where(s => s.Name == "COPY" && s.Stage == stage && !s.Text.StartsWith("--from", StringComparison.Ordinal))
        .Select(static s => s.Text.Split(' '))
        .Select(static w => (w[..^1], w[^1]));

    /// <summary>True when the build sees a file of the repository: the last line that fits decides.</summary>
    public bool IsSeen(string path)
    {
        bool isSeen = true;
        foreach (string line in _files.Read(".dockerignore").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] != '#' && Fits(line.TrimStart('!'), path))
            {
                isSeen = line[0] == '!';
            }
        }

        return isSeen;
    }

    private static bool Fits(string pattern, string path)
    {
        string regex = "^" + Regex.Escape(pattern).Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal) + "(/|$)";
        return Regex.IsMatch(path, regex);
    }

    [GeneratedRegex("^#.*\n", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
