using System.Diagnostics;

namespace FeatureActors.Deployment.Tests;

/// <summary>The image's build step without a container engine: what COPY takes, published as RUN says, starts.</summary>
public sealed class PublishedImageTests : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly string _folder = Directory.CreateTempSubdirectory("fa-image-").FullName;

    [Fact]
    public async Task What_the_image_is_made_of_builds_and_the_program_starts_and_reads_the_definitions()
    {
        var files = new RepositoryFiles();
        var image = new ImageFile(files);
        string source = Path.Combine(_folder, "source");
        string output = Path.Combine(_folder, "publish");
        foreach ((string[] sources, string target) in image.Copies("build"))
        {
            foreach (string copied in sources)
            {
                CopySeen(files, image, copied, Path.Combine(source, target == "./" ? copied : target));
            }
        }

        string[] publish = [.. image.Publish.Select(a => a == "/publish" ? output : a)];
        Assert.Contains(output, publish);

        (int code, string text) = await RunAsync("dotnet", source, publish);
        Assert.True(code == 0, text);
        Assert.Contains(image.Steps, static s => s.Text == "--from=build /publish /app");

        (code, text) = await RunAsync(Path.Combine(output, "FeatureActors.Node"), _folder, "--help");
        Assert.True(code == 0 && text.Contains("run", StringComparison.Ordinal), text);

        foreach (string definitions in new[] { "samples/online-retail/definitions.conf", "k8s/base/definitions.conf" })
        {
            (code, text) = await RunAsync(
                Path.Combine(output, "FeatureActors.Node"), _folder, "plan", "--definitions", Path.Combine(Repository.Root, definitions));
            Assert.True(code == 0 && text.Contains("namespace shop", StringComparison.Ordinal), text);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void CopySeen(RepositoryFiles files, ImageFile image, string path, string target)
    {
        foreach (string file in RepositoryFiles.IsFolder(path) ? files.Below(path) : [path])
        {
            if (image.IsSeen(file))
            {
                string to = file == path ? target : Path.Combine(target, Path.GetRelativePath(path, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(Path.Combine(Repository.Root, file), to);
            }
        }
    }

    private static async Task<(int Code, string Text)> RunAsync(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(static n => n.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase) || n.StartsWith("FA_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        // A build node that stays would hold the pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Longest);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {Longest}");
        }

        return (process.ExitCode, await output + await error);
    }
}
