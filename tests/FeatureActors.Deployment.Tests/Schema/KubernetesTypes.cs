using System.Text.RegularExpressions;

namespace FeatureActors.Deployment.Tests.Schema;

/// <summary>A field of a type of the API.</summary>
/// <param name="Type">As TypeScript writes it; maps as <c>Map&lt;…&gt;</c>.</param>
/// <param name="IsRequired">It must be there.</param>
/// <param name="IsReadOnly">Only the server writes it.</param>
internal sealed record ApiField(string Type, bool IsRequired, bool IsReadOnly);

/// <summary>
/// The types of the Kubernetes API as the npm package kubernetes-types states them: TypeScript interfaces, generated, one field a line.
/// A type is named by its file and name, <c>apps/v1.StatefulSet</c>.
/// </summary>
internal sealed partial class KubernetesTypes
{
    private readonly Dictionary<string, Dictionary<string, ApiField>> _interfaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);

    private static readonly Lazy<KubernetesTypes> Installed = new(static () => new KubernetesTypes(Folder));

    private KubernetesTypes(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*.d.ts", SearchOption.AllDirectories))
        {
            Read(Path.GetRelativePath(folder, file).Replace(".d.ts", "", StringComparison.Ordinal), File.ReadAllLines(file));
        }
    }

    /// <summary>The package that <c>./fa test</c> installs.</summary>
    public static KubernetesTypes Current => Installed.Value;

    /// <summary>Number of types, for who wants to know that something was read.</summary>
    public int Count => _interfaces.Count;

    /// <summary>Fields of a type; null for a type that is none of the API's.</summary>
    public IReadOnlyDictionary<string, ApiField>? Fields(string type) => _interfaces.GetValueOrDefault(type);

    /// <summary>What another name stands for; null for a type that is none.</summary>
    public string? Alias(string type) => _aliases.GetValueOrDefault(type);

    /// <summary>The type of objects of a kind; null when there is none.</summary>
    public string? KindOf(string apiVersion, string kind) => _interfaces
        .Where(t => t.Value.TryGetValue("apiVersion", out ApiField? version) && version.Type == $"\"{apiVersion}\""
            && t.Value.TryGetValue("kind", out ApiField? name) && name.Type == $"\"{kind}\"")
        .Select(static t => t.Key)
        .FirstOrDefault();

    private static string Folder
    {
        get
        {
            string folder = Environment.GetEnvironmentVariable("FA_KUBERNETES_TYPES")
                ?? Path.Combine(Repository.Root, ".fa", "kubernetes-types", "node_modules", "kubernetes-types");
            return Directory.Exists(folder)
                ? folder
                : throw new InvalidOperationException($"the npm package kubernetes-types is not in {folder}: ./fa test Deployment installs it");
        }
    }

    private void Read(string module, string[] lines)
    {
        var imported = new Dictionary<string, string>(StringComparer.Ordinal);
        Dictionary<string, ApiField>? current = null;
        for (int i = 0; i < lines.Length; i++)
        {
            if (Import().Match(lines[i]) is { Success: true } import)
            {
                string from = Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", Path.GetDirectoryName(module)!, import.Groups["from"].Value)));
                foreach (string name in import.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                {
                    imported[name] = $"{from}.{name}";
                }
            }
            else if (Interface().Match(lines[i]) is { Success: true } type)
            {
                current = [];
                _interfaces.Add($"{module}.{type.Groups["name"].Value}", current);
            }
            else if (TypeAlias().Match(lines[i]) is { Success: true } alias)
            {
                _aliases.Add($"{module}.{alias.Groups["name"].Value}", Qualify(alias.Groups["type"].Value, module, imported));
            }
            else if (Field().Match(lines[i]) is { Success: true } field)
            {
                string text = field.Groups["type"].Value;
                if (text == "{")
                {
                    text = $"Map<{MapItem().Match(lines[++i]).Groups["type"].Value}>";
                }

                current!.Add(field.Groups["name"].Value, new ApiField(
                    Qualify(text.TrimEnd(';'), module, imported), !field.Groups["optional"].Success, field.Groups["readonly"].Success));
            }
        }
    }

    private static string Qualify(string type, string module, Dictionary<string, string> imported) => TypeName().Replace(type, match =>
        match.Value is "Array" or "Map" ? match.Value : imported.TryGetValue(match.Value, out string? name) ? name : $"{module}.{match.Value}");

    [GeneratedRegex("^import \\{(?<names>[^}]*)\\} from \"(?<from>[^\"]+)\"")]
    private static partial Regex Import();

    [GeneratedRegex(@"^export interface (?<name>\w+) \{")]
    private static partial Regex Interface();

    [GeneratedRegex(@"^export type (?<name>\w+) = (?<type>.+);")]
    private static partial Regex TypeAlias();

    [GeneratedRegex("^    (?<readonly>readonly )?\"?(?<name>[\\w$-]+)\"?(?<optional>\\?)?: (?<type>.+)$")]
    private static partial Regex Field();

    [GeneratedRegex(@"\[name: string\]: (?<type>.+);")]
    private static partial Regex MapItem();

    [GeneratedRegex("(?<![\"\\w./])[A-Z]\\w*(?![\"\\w])")]
    private static partial Regex TypeName();
}
