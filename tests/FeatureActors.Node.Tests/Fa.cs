using System.Text;
using FeatureActors.Node.Commands;

namespace FeatureActors.Node.Tests;

/// <summary>The command line in a folder of its own.</summary>
internal sealed class Fa : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fa-node-").FullName;

    public string Out { get; private set; } = "";

    public string Error { get; private set; } = "";

    public string Path(string name) => System.IO.Path.Combine(_folder, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(name))!);
        File.WriteAllText(Path(name), text);
        return Path(name);
    }

    public async Task<int> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var bytes = new MemoryStream();
        using var host = new CommandHost { Out = output, Error = error, OpenOutput = () => bytes };
        int code = await CommandLine.RunAsync(args, host);
        Out = output + Encoding.UTF8.GetString(bytes.ToArray());
        Error = error.ToString();
        return code;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
