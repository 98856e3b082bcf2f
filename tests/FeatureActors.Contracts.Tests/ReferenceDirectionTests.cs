using System.Xml.Linq;

namespace FeatureActors.Contracts.Tests;

/// <summary>
/// Which project may reference which. Abstractions ← Core ← Runtime ← Node; adapters know Abstractions only, and only
/// Node (and the tests) know the adapters.
/// </summary>
public sealed class ReferenceDirectionTests
{
    private const string Prefix = "FeatureActors.";
    private const string Redist = "librdkafka.redist";

    // A new project needs a line here: that is the moment to ask where it stands.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Abstractions"] = [],
        ["Core"] = ["Abstractions"],
        ["Runtime"] = ["Abstractions", "Core"],
        ["Hocon"] = ["Abstractions"],
        ["Kafka"] = ["Abstractions", Redist],
        ["Redis"] = ["Abstractions"],
        ["Persistence.Sql"] = ["Abstractions"],
        ["Client"] = ["Abstractions"],
        ["TestKit"] = ["Abstractions", "Core", "Runtime"],
        ["LocalServers"] = ["Abstractions"],
        [Redist] = [],
        ["Node"] =
        [
            "Abstractions", "Core", "Runtime", "Hocon", "Kafka", "Redis", "Persistence.Sql", "Client", "LocalServers",
        ],
    };

    // Vendor packages stop at their adapter. LocalServers speaks the wire forms itself, so that Node gains no package by it.
    private static readonly Dictionary<string, string[]> HomesOfPackages = new()
    {
        ["Confluent.Kafka"] = ["Kafka"],
        ["StackExchange.Redis"] = ["Redis", "Client"],
        ["Npgsql"] = ["Persistence.Sql"],
        ["Microsoft.Data.Sqlite.Core"] = ["Persistence.Sql"],
        ["SQLitePCLRaw.bundle_e_sqlite3"] = ["Persistence.Sql"],
    };

    [Fact]
    public void Every_arrow_between_projects_of_src_is_an_allowed_one()
    {
        var wrong = new List<string>();
        foreach (string file in Repository.Files("src", ".csproj"))
        {
            string project = NameOf(file);
            if (!Allowed.TryGetValue(project, out string[]? allowed))
            {
                wrong.Add($"{project} is unknown: say in {nameof(ReferenceDirectionTests)} what it may reference");
                continue;
            }

            wrong.AddRange(References(file, "ProjectReference").Select(NameOf).Except(allowed)
                .Select(target => $"{project} → {target}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void A_vendor_package_is_referenced_by_its_adapter_only()
    {
        IEnumerable<string> wrong =
            from file in Repository.Files("src", ".csproj")
            from package in References(file, "PackageReference")
            where HomesOfPackages.TryGetValue(package, out string[]? homes) && !homes.Contains(NameOf(file))
            select $"{NameOf(file)} → {package}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void Abstractions_references_no_package()
    {
        string file = Repository.Files("src", ".csproj").Single(file => NameOf(file) == "Abstractions");

        Assert.Empty(References(file, "PackageReference"));
    }

    [Fact]
    public void No_project_of_src_references_a_test_project()
    {
        IEnumerable<string> wrong =
            from file in Repository.Files("src", ".csproj")
            from target in References(file, "ProjectReference")
            where target.Contains("/tests/", StringComparison.Ordinal)
            select $"{NameOf(file)} → {target}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = Repository.Read("FeatureActors.sln").Replace('\\', '/');

        IEnumerable<string> missing = Repository.Files("src", ".csproj")
            .Concat(Repository.Files("tests", ".csproj"))
            .Concat(Repository.Files("bench", ".csproj"))
            .Where(file => !solution.Contains($"\"{file.Replace('\\', '/')}\"", StringComparison.Ordinal));

        Assert.Empty(missing);
    }

    private static IEnumerable<string> References(string file, string element) =>
        XDocument.Parse(Repository.Read(file)).Descendants(element)
            .Select(reference => reference.Attribute("Include")?.Value.Replace('\\', '/'))
            .OfType<string>();

    private static string NameOf(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));
        return name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
    }
}
