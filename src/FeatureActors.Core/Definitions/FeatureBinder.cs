using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Reads one feature with state. Its columns get their final indexes only when all groups of the entity are known (rows carry
/// only what somebody reads), so a feature is bound twice: against the fields of its group for the mistakes, then by
/// <see cref="Complete"/> against the entity's columns.
/// </summary>
internal sealed class FeatureBinder
{
    private readonly ConfigReader _reader;
    private readonly IFeatureType _type;
    private readonly SqlExpression? _where;
    private readonly bool _isCorrect;

    private FeatureBinder(
        string name, ConfigReader reader, IFeatureType type, SqlExpression? where, List<FeatureWindow> windows, bool isCorrect)
    {
        Name = name;
        _reader = reader;
        _type = type;
        _where = where;
        _isCorrect = isCorrect;
        Windows = windows;
    }

    /// <summary>Feature name.</summary>
    public string Name { get; }

    /// <summary>Name of its type.</summary>
    public string Type => _type.Name;

    /// <summary>Position of the feature, for mistakes found later.</summary>
    public ConfigPosition Position => _reader.Position;

    /// <summary>Its windows; for a type without windows one lifetime window with an empty name.</summary>
    public List<FeatureWindow> Windows { get; }

    /// <summary>True when its value is a single number.</summary>
    public bool IsNumeric { get; private set; }

    /// <summary>Type of its values for features that read it: double for numbers, string, or null for anything else.</summary>
    public FieldType? ValueType { get; private set; }

    /// <summary>Names of its windows; empty for a type without windows.</summary>
    public IReadOnlyList<string> WindowNames => IsUnwindowed ? [] : [.. Windows.Select(static w => w.Name)];

    /// <summary>True for a type without windows.</summary>
    public bool IsUnwindowed { get; private set; }

    /// <summary>True when a retraction would leave something behind.</summary>
    public bool KeepsWhatIsRetracted { get; private set; }

    /// <summary>True for a type without windows whose state fades away, so that no idle time has to take it.</summary>
    public bool EndsByItself { get; private set; }

    /// <summary>Reads the feature called <paramref name="name"/> with the type <paramref name="type"/>.</summary>
    public static FeatureBinder Bind(
        string name, ConfigReader reader, IFeatureType type, FieldScope scope, ScalarFunctionSet functions, NamedWindows named)
    {
        int errorsBefore = reader.Errors.Count;
        SqlExpression? where = scope.ParseFilter(reader, "where", functions);
        ConfigValue? windowsValue = reader.Optional("windows");
        List<FeatureWindow> windows = windowsValue is null ? [] : WindowBinder.Bind(windowsValue, named);
        var binding = new ConfigFeatureBinding(name, reader, scope, windows, functions);
        FeatureAggregate? aggregate = type.Bind(binding);
        bool isUnwindowed = aggregate is not null && (aggregate.Traits & FeatureTraits.Unwindowed) != 0;
        if (isUnwindowed)
        {
            windowsValue?.Error($"type '{type.Name}' has no windows", "remove 'windows'");
            windows = [SlidingWindow.Lifetime("")];
        }
        else if (windowsValue is null && aggregate is not null && NearestWord.Find("windows", reader.Keys) is null)
        {
            // A misspelt key is reported as such and is the only mistake.
            reader.Error($"type '{type.Name}' needs windows", "write windows = [1h, 1d]");
        }

        if (aggregate is not null && (aggregate.Traits & FeatureTraits.FixedLength) != 0
            && windows.Find(static w => w.LengthMs == 0) is { } endless)
        {
            windowsValue!.Error($"type '{type.Name}' needs windows of a fixed length, and '{endless.Name}' has none", "write 1h or { tumbling = 1h }");
        }

        reader.RejectUnknown();
        if (aggregate is null && reader.Errors.Count == errorsBefore)
        {
            reader.Error($"type '{type.Name}' refuses this definition without saying why");
        }

        return new FeatureBinder(name, reader, type, where, windows, reader.Errors.Count == errorsBefore)
        {
            IsNumeric = aggregate is not null && (aggregate.Traits & FeatureTraits.Numeric) != 0,
            ValueType = aggregate is null ? null
                : (aggregate.Traits & FeatureTraits.Numeric) != 0 ? FieldType.Double
                : (aggregate.Traits & FeatureTraits.Text) != 0 ? FieldType.String
                : null,
            IsUnwindowed = isUnwindowed,
            KeepsWhatIsRetracted = aggregate is not null && (aggregate.Traits & FeatureTraits.Invertible) == 0,
            EndsByItself = isUnwindowed && aggregate!.AgeingStepMs > 0,
        };
    }

    /// <summary>Binds the feature, which had no mistakes, to the final columns.</summary>
    /// <exception cref="InvalidOperationException">The type answers differently from the first time.</exception>
    public FeatureDefinition Complete(FieldScope columns, ScalarFunctionSet functions)
    {
        var errors = new List<ConfigError>();
        var reader = new ConfigReader(_reader.Value, _reader.Path, errors);
        var binding = new ConfigFeatureBinding(Name, reader, columns, Windows, functions);
        FeatureAggregate? aggregate = _type.Bind(binding);
        FilterDefinition? where = _where is null ? null : columns.Bind(_where, functions, errors);
        if (aggregate is null || errors.Count > 0 || !_isCorrect)
        {
            throw new InvalidOperationException(
                $"feature type '{_type.Name}' is not deterministic: it took {_reader.Path} once and then refused it: "
                + string.Join("; ", errors));
        }

        return new FeatureDefinition
        {
            Name = Name,
            Type = _type.Name,
            Aggregate = aggregate,
            Where = where,
            Windows = Windows,
            Columns = [.. binding.Columns.DistinctBy(static c => c.Index).OrderBy(static c => c.Name, StringComparer.Ordinal)],
            Settings = binding.Settings,
            IsNumeric = IsNumeric,
        };
    }
}
