using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Reads the derived features of a group when all others are known. They may read each other and stand in any order, so each is bound
/// when it is first read; one that is read while it is being bound stands in a circle.
/// </summary>
/// <param name="features">The features with state that could be read.</param>
/// <param name="derived">The derived features with their types and settings.</param>
/// <param name="wrong">Names of features whose own mistakes were reported: naming them is none.</param>
/// <param name="functions">Functions of expressions.</param>
/// <param name="named">The windows that may be named.</param>
internal sealed class DerivedBinder(
    IReadOnlyList<FeatureBinder> features,
    IReadOnlyList<DerivedSettings> derived,
    IReadOnlySet<string> wrong,
    ScalarFunctionSet functions,
    NamedWindows named)
{
    private readonly List<string> _open = [];
    private readonly Dictionary<string, DerivedDefinition?> _bound = new(StringComparer.Ordinal);
    private readonly List<DerivedDefinition> _inOrder = [];

    /// <summary>Functions of expressions.</summary>
    public ScalarFunctionSet Functions => functions;

    /// <summary>The definitions without mistakes, each behind all that it reads.</summary>
    public IReadOnlyList<DerivedDefinition> Bind()
    {
        foreach (DerivedSettings settings in derived)
        {
            Bound(settings);
        }

        return _inOrder;
    }

    /// <summary>Finds what a derived feature names as <c>feature</c> or <c>feature:window</c>; null when a mistake was reported, here or before.</summary>
    /// <param name="text">The name.</param>
    /// <param name="report">Takes message and hint of a mistake.</param>
    public PublishedFeature? Find(string text, Action<string, string?> report)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? text : text[..colon];
        string? window = colon < 0 ? null : text[(colon + 1)..];
        if (wrong.Contains(name) || FindFeature(name, report) is not { } found)
        {
            return null;
        }

        if (window is not null && !found.Windows.Contains(window))
        {
            report($"{name} has no window '{window}'", $"{name} has {found.WindowList}");
            return null;
        }

        return found with { Input = found.Input with { Window = window } };
    }

    /// <summary>
    /// The windows of a derived feature: those that all its inputs have by name, or those of them that it states; none when no input
    /// varies with the window. Null when a mistake was reported.
    /// </summary>
    public IReadOnlyList<string>? WindowsOf(ConfigReader reader, IReadOnlyList<PublishedFeature> inputs)
    {
        PublishedFeature[] varying = [.. inputs.Where(static i => i.Input.Window is null && i.Windows.Count > 0)];
        ConfigValue? stated = reader.Optional("windows");
        if (varying.Length == 0)
        {
            stated?.Error("nothing that it reads has a window of the same name, so it has no windows", "remove 'windows'");
            return stated is null ? [] : null;
        }

        List<string> common = [.. varying[0].Windows.Where(w => Array.TrueForAll(varying, v => v.Windows.Contains(w)))];
        if (stated is not null)
        {
            return Stated(stated, varying, common);
        }

        if (common.Count == 0)
        {
            reader.Error(
                $"{string.Join(" and ", varying.Select(static v => v.Input.Feature))} have no window in common",
                string.Join(", ", varying.Select(static v => $"{v.Input.Feature} has {v.WindowList}")));
            return null;
        }

        return common;
    }

    private List<string>? Stated(ConfigValue stated, PublishedFeature[] varying, List<string> common)
    {
        int errorsBefore = stated.Errors.Count;
        var names = new List<string>();
        IReadOnlyList<ConfigValue> items = stated.AsOneOrMany();
        if (items.Count == 0)
        {
            stated.Error("at least one window is needed", "remove 'windows' for all that its inputs have in common");
        }

        foreach (ConfigValue item in items)
        {
            // The file's own names first, for one may stand for a series; then those of windows with settings of their own.
            IEnumerable<string> found = item.Node is ConfigScalar { Text: { } text } && named.Find(text) is null
                && Array.Exists(varying, v => v.Windows.Contains(text))
                ? [text]
                : WindowBinder.Bind(item, named).Select(static w => w.Name);
            foreach (string name in found)
            {
                if (!common.Contains(name))
                {
                    PublishedFeature missing = Array.Find(varying, v => !v.Windows.Contains(name))!;
                    item.Error($"{missing.Input.Feature} has no window '{name}'", $"{missing.Input.Feature} has {missing.WindowList}");
                }
                else if (names.Contains(name))
                {
                    item.Error($"there are two windows '{name}'", "remove one of them");
                }
                else
                {
                    names.Add(name);
                }
            }
        }

        return stated.Errors.Count == errorsBefore ? names : null;
    }

    private DerivedDefinition? Bound(DerivedSettings settings)
    {
        if (!_bound.TryGetValue(settings.Name, out DerivedDefinition? definition))
        {
            _open.Add(settings.Name);
            definition = settings.Type == FeatureTypeRegistry.Ratio
                ? RatioBinder.Bind(settings.Name, settings.Reader, this)
                : FormulaBinder.Bind(settings.Name, settings.Reader, this);
            _open.RemoveAt(_open.Count - 1);
            _bound.Add(settings.Name, definition);
            if (definition is not null)
            {
                _inOrder.Add(definition);
            }
        }

        return definition;
    }

    private PublishedFeature? FindFeature(string name, Action<string, string?> report)
    {
        if (features.FirstOrDefault(f => f.Name == name) is { } feature)
        {
            return new PublishedFeature(new DerivedInput(name, null, feature.ValueType ?? FieldType.Double), feature.ValueType, feature.WindowNames);
        }

        if (derived.FirstOrDefault(d => d.Name == name) is not { } other)
        {
            report($"unknown feature '{name}'", Names.Nearest(name, features.Select(f => f.Name).Concat(derived.Select(d => d.Name))));
            return null;
        }

        if (_open.IndexOf(name) is var start and >= 0)
        {
            report($"'{name}' reads itself: {string.Join(" → ", _open.Skip(start).Append(name))}", "a derived feature reads features that do not read it");
            return null;
        }

        if (Bound(other) is not { } definition)
        {
            return null;
        }

        FieldType? type = definition.ValueType;
        return new PublishedFeature(new DerivedInput(name, null, type ?? FieldType.Double), type, definition.WindowNames);
    }
}

/// <summary>A derived feature that is not yet read.</summary>
/// <param name="Name">Name.</param>
/// <param name="Type"><c>ratio</c> or <c>derived</c>.</param>
/// <param name="Reader">Its settings.</param>
internal sealed record DerivedSettings(string Name, string Type, ConfigReader Reader);

/// <summary>A feature as a derived one sees it.</summary>
/// <param name="Input">How it is read.</param>
/// <param name="Type">Type of its values; null when they are neither numbers nor strings.</param>
/// <param name="Windows">Names of its windows; empty for one without.</param>
internal sealed record PublishedFeature(DerivedInput Input, FieldType? Type, IReadOnlyList<string> Windows)
{
    public string WindowList => Windows.Count == 0 ? "none" : string.Join(", ", Windows);
}
