namespace FeatureActors.Integration.Tests.Live;

/// <summary>A build of the node that tests can start.</summary>
internal sealed class NodeBuild
{
    private const string ProgramName = "FeatureActors.Node.dll";

    private readonly string _program;
    private readonly string _howTo;

    private NodeBuild(string program, string howTo) => (_program, _howTo) = (program, howTo);

    /// <summary>The one that was built with the tests, in the same configuration, side by side: artifacts/bin/project/configuration.</summary>
    public static NodeBuild Own { get; } = new(Path.Combine(Bin.FullName, "FeatureActors.Node", Configuration, ProgramName), "dotnet build src/FeatureActors.Node");

    /// <summary>The test build of a release that knows one more stored format (docs/adr/0007).</summary>
    public static NodeBuild FormatPreview { get; } = new(
        Path.Combine(Bin.Parent!.FullName, "format-preview", "bin", "FeatureActors.Node", Configuration, ProgramName),
        "dotnet build src/FeatureActors.Node -c Release -p:FormatPreview=true");

    /// <summary>The assembly that the runtime starts.</summary>
    /// <exception cref="FileNotFoundException">It is not built.</exception>
    public string Program => File.Exists(_program) ? _program : throw new FileNotFoundException($"the node is not built: no {_program}; {_howTo} makes it, as ./fa test does");

    private static string Configuration => Tests.Name;

    private static DirectoryInfo Bin => Tests.Parent!.Parent!;

    private static DirectoryInfo Tests => new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
}
