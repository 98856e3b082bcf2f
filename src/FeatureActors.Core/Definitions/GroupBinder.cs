using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads one group; <see cref="Complete"/> gives its definition when the entity's columns are known.</summary>
internal sealed class GroupBinder
{
    private const long IdleExpiryMaxMs = 3_650L * 86_400_000;
    private const long MarginDefaultMs = 3_600_000;
    private const long MarginMaxMs = 365L * 86_400_000;
    private const long JitterMaxMs = 3_600_000;

    private static readonly string[] FeedKeys = ["source", "key", "where"];

    private readonly ConfigReader _reader;
    private readonly DefinitionsContext _context;
    private readonly List<FeedDefinition> _feeds = [];
    private readonly List<FeatureBinder> _features = [];
    private readonly HashSet<string> _wrong = new(StringComparer.Ordinal);
    private IReadOnlyList<DerivedDefinition> _derived = [];
    private IReadOnlyList<TriggerDefinition> _triggers = [];
    private LatePolicy _late;
    private bool _isPacked;
    private long? _statedIdleExpiryMs;
    private long _marginMs;
    private long _jitterMs;

    private GroupBinder(string name, ConfigReader reader, DefinitionsContext context)
    {
        Name = name;
        _reader = reader;
        _context = context;
    }

    /// <summary>Group name.</summary>
    public string Name { get; }

    /// <summary>Name of its entity; empty after a mistake.</summary>
    public string Entity { get; private set; } = "";

    /// <summary>The fields that its features may name, and which they did.</summary>
    public FieldScope Scope { get; private set; } = FieldScope.OfColumns([]);

    /// <summary>Number of its features with state.</summary>
    public int FeatureCount => _features.Sum(static f => WindowFamily.Of(f.Windows).Count);

    /// <summary>Where the group stands.</summary>
    public ConfigPosition Position => _reader.Position;

    /// <summary>True when the source called <paramref name="source"/> feeds the group.</summary>
    public bool IsFedBy(string source) => _feeds.Exists(f => f.Source == source);

    /// <summary>Reads the group and adds its mistakes.</summary>
    public static GroupBinder Bind(string name, ConfigReader reader, DefinitionsContext context)
    {
        var group = new GroupBinder(name, reader, context);
        EntityDefinition? entity = group.BindEntity();
        group.BindFeeds(entity);
        group.Scope = FieldScope.OfSources(group._feeds.Select(f => context.Sources[f.Source]).Distinct());
        group.BindFeatures();
        group._triggers = TriggerBinder.Bind(
            name, reader, new GroupFieldScope([.. group.Fields()], group._wrong), context.Triggers, context.Functions);
        group._isPacked = reader.WordOr("form", "hash", ["hash", "packed"]) == "packed";
        group._late = reader.WordOr("late", "drop", ["drop", "dead-letter"]) == "drop" ? LatePolicy.Drop : LatePolicy.DeadLetter;
        group._marginMs = reader.DurationMsOr("margin", MarginDefaultMs, 0, MarginMaxMs);
        group._jitterMs = reader.DurationMsOr("jitter", 0, 0, JitterMaxMs);
        group.BindIdleExpiry();
        group.CheckRetractions();
        reader.RejectUnknown();
        return group;
    }

    /// <summary>The definition of a group without mistakes.</summary>
    /// <param name="columns">The entity's columns; every aggregate is bound to their places.</param>
    public GroupDefinition Complete(IReadOnlyList<FieldDefinition> columns)
    {
        FieldScope scope = FieldScope.OfEntity(columns, Scope);
        return new GroupDefinition
        {
            Name = Name,
            Entity = Entity,
            Feeds = _feeds,
            Features = [.. _features.Select(f => f.Complete(scope, _context.Functions))],
            Derived = _derived,
            Triggers = _triggers,
            Late = _late,
            IsPacked = _isPacked,
            StatedIdleExpiryMs = _statedIdleExpiryMs,
            Idle = Idle(),
            MarginMs = _marginMs,
            JitterMs = _jitterMs,
            UsedColumns = [.. Scope.Used.Select(f => f.Name)],
        };
    }

    private EntityDefinition? BindEntity()
    {
        if (_reader.Required("entity") is not { } value || value.AsString() is not { } name)
        {
            return null;
        }

        if (_context.Entities.TryGetValue(name, out EntityDefinition? entity))
        {
            Entity = name;
        }
        else if (!_context.WrongEntities.Contains(name))
        {
            value.Error($"unknown entity '{name}'", Names.Nearest(name, [.. _context.Entities.Keys, .. _context.WrongEntities]));
        }

        return entity;
    }

    private void BindFeeds(EntityDefinition? entity)
    {
        ConfigValue? from = _reader.Optional("from");
        string? shortKey = FeedKeys.FirstOrDefault(k => _reader.Has(k));
        if (from is null)
        {
            BindFeed(_reader, entity);
            return;
        }

        if (shortKey is not null)
        {
            _reader.Know(FeedKeys);
            from.Error($"the group has both 'from' and '{shortKey}'", "write one source in short form, or all of them in 'from'");
        }

        IReadOnlyList<ConfigValue> items = from.AsArray() ?? [];
        if (from.IsArray && items.Count == 0)
        {
            from.Error("at least one source is needed", "write from = [ { source = s, key = k } ]");
        }

        foreach (ConfigValue item in items)
        {
            if (item.AsObject() is { } reader)
            {
                BindFeed(reader, entity);
                reader.RejectUnknown();
            }
        }
    }

    private void BindFeed(ConfigReader reader, EntityDefinition? entity)
    {
        ConfigValue? sourceValue = reader.Required("source");
        ConfigValue? keyValue = reader.Required("key");
        reader.Know("where");
        if (sourceValue?.AsString() is not { } name)
        {
            return;
        }

        if (!_context.Sources.TryGetValue(name, out SourceDefinition? source))
        {
            if (!_context.WrongSources.Contains(name))
            {
                sourceValue.Error($"unknown source '{name}'", Names.Nearest(name, [.. _context.Sources.Keys, .. _context.WrongSources]));
            }

            return;
        }

        IReadOnlyList<string> key = keyValue is null ? [] : BindKey(keyValue, source, entity);
        FieldScope scope = FieldScope.OfSource(source);
        FilterDefinition? where = scope.ParseFilter(reader, "where", _context.Functions) is { } expression
            ? scope.Bind(expression, _context.Functions, [])
            : null;
        if (_feeds.Exists(f => f.Source == name && f.KeyFields.SequenceEqual(key)))
        {
            sourceValue.Error($"source '{name}' feeds the group twice under the same key", "join the filters with OR");
        }

        _feeds.Add(new FeedDefinition(name, key, where));
    }

    private static List<string> BindKey(ConfigValue keyValue, SourceDefinition source, EntityDefinition? entity)
    {
        var key = new List<string>();
        IReadOnlyList<ConfigValue> parts = keyValue.AsOneOrMany();
        if (entity is not null && parts.Count != entity.Key.Count)
        {
            keyValue.Error(
                $"the key has {parts.Count} {(parts.Count == 1 ? "part" : "parts")}, entity {entity.Name} has {entity.Key.Count}",
                $"its key is [{string.Join(", ", entity.Key.Select(FieldTypeWords.Of))}]");
            entity = null;
        }

        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].AsString() is not { } field)
            {
                continue;
            }

            int index = source.IndexOf(field);
            if (index < 0)
            {
                parts[i].Error(
                    $"source {source.Name} declares no field '{field}'", Names.Nearest(field, source.Fields.Select(f => f.Name)));
            }
            else if (entity is not null && source.Fields[index].Type != entity.Key[i])
            {
                parts[i].Error(
                    $"field '{field}' is {FieldTypeWords.Of(source.Fields[index].Type)}, "
                    + $"this part of the key of entity {entity.Name} is {FieldTypeWords.Of(entity.Key[i])}");
            }

            key.Add(field);
        }

        return key;
    }

    private void BindFeatures()
    {
        if (_reader.Object("features") is not { } features)
        {
            return;
        }

        var derived = new List<DerivedSettings>();
        foreach ((ConfigField field, ConfigValue value) in features.Entries())
        {
            bool hasName = Names.Check("a feature", field.Key, field.KeyPosition, value.Errors, isReserved: true);
            int errorsBefore = value.Errors.Count;
            if (value.AsObject() is { } reader && BindType(reader) is { } typeName)
            {
                if (FeatureTypeRegistry.IsDerived(typeName))
                {
                    derived.Add(new DerivedSettings(field.Key, typeName, reader));
                }
                else if (_context.Types.TryGet(typeName, out IFeatureType? type))
                {
                    _features.Add(FeatureBinder.Bind(field.Key, reader, type, Scope, _context.Functions, _context.Windows));
                }
            }

            if (!hasName || value.Errors.Count > errorsBefore)
            {
                _wrong.Add(field.Key);
            }
        }

        if (features.Value.Fields.Count == 0 || (_features.Count == 0 && _wrong.Count == 0))
        {
            features.Error("the group has no feature with state", "write features { views { type = count, windows = [1h] } }");
        }

        _derived = new DerivedBinder(_features, derived, _wrong, _context.Functions, _context.Windows).Bind();
        _wrong.UnionWith(derived.Select(static d => d.Name).Except(_derived.Select(static d => d.Name)));
    }

    /// <summary>What the group publishes, for triggers that look at values.</summary>
    private IEnumerable<GroupField> Fields()
    {
        foreach (FeatureBinder feature in _features)
        {
            foreach (FeatureWindow window in feature.Windows)
            {
                yield return new GroupField(PlanCompiler.FieldName(feature.Name, window.Name), feature.Name, feature.IsNumeric);
            }
        }

        foreach (DerivedDefinition derived in _derived)
        {
            foreach (string window in derived.WindowNames.DefaultIfEmpty(""))
            {
                yield return new GroupField(
                    PlanCompiler.FieldName(derived.Name, window), derived.Name, derived.ValueType == FieldType.Double);
            }
        }
    }

    private string? BindType(ConfigReader reader)
    {
        if (reader.Required("type") is not { } value || value.AsString() is not { } name)
        {
            return null;
        }

        if (FeatureTypeRegistry.IsDerived(name) || _context.Types.TryGet(name, out _))
        {
            return name;
        }

        value.Error($"unknown feature type '{name}'", Names.NearestOrPlugin(name, _context.Types.Names));
        return null;
    }

    /// <summary>A group that is fed retractions can only keep what they can be taken out of.</summary>
    private void CheckRetractions()
    {
        string? source = _feeds.Select(f => f.Source).FirstOrDefault(s => _context.Sources[s].Retract is not null);
        if (source is null)
        {
            return;
        }

        foreach (FeatureBinder feature in _features.Where(f => f.KeepsWhatIsRetracted))
        {
            _reader.Errors.Add(new ConfigError(
                feature.Position,
                $"{_reader.Path}: feature '{feature.Name}' of type {feature.Type} cannot take back a row, but source {source} has retractions",
                "move it to a group whose sources have no 'retract', or use an invertible type such as count, sum or count-map"));
        }

        foreach (FeatureBinder feature in _features)
        {
            if (feature.Windows.Find(static w => w is SessionWindow or LastRowsWindow) is { } window)
            {
                _reader.Errors.Add(new ConfigError(
                    feature.Position,
                    $"{_reader.Path}: window '{window.Name}' of feature '{feature.Name}' cannot take back a row, but source {source} has retractions",
                    "use sliding or tumbling windows, or move the feature to a group whose sources have no 'retract'"));
            }
        }
    }

    private void BindIdleExpiry()
    {
        ConfigValue? value = _reader.Optional("idle-expiry");
        _statedIdleExpiryMs = value?.Node is ConfigScalar { Text: "never" }
            ? long.MaxValue
            : value?.AsDurationMs(1, IdleExpiryMaxMs);
        if (value is null)
        {
            if (_features.Find(f => !f.IsUnwindowed && f.Windows.Exists(w => w.IsEndless)) is { } endless)
            {
                _reader.Errors.Add(new ConfigError(
                    endless.Position,
                    $"{_reader.Path}: feature '{endless.Name}' has a {(endless.Windows.Exists(static w => w.IsLifetime) ? "lifetime window" : "window of last rows")}, so the group must say when an idle key is forgotten",
                    "add idle-expiry = 90d, or idle-expiry = never, to the group"));
            }
        }
        else if (_statedIdleExpiryMs is { } idle && _features.Exists(f => f.Windows.Exists(w => w.IsEndless))
            && Longest() is { } longest && idle < longest.ReachMs)
        {
            // Where every window ends by itself it changes nothing. With a lifetime window, a shorter one would forget what a window still has to show.
            value.Error(
                $"must be at least {ConfigDuration.Format(longest.ReachMs)}: the longest window, '{longest.Name}', shows data that old");
        }
    }

    private FeatureWindow? Longest() => _features.SelectMany(f => f.Windows).Where(w => !w.IsEndless).MaxBy(w => w.ReachMs);

    // The state goes when the last event would leave this window, so that types without windows live as long as the rest of the key.
    private FeatureWindow? Idle() => _statedIdleExpiryMs switch
    {
        long.MaxValue => null,
        { } stated => SlidingWindow.Of("idle", stated, SlotWidths.ForWindow(stated)),
        null when _features.Exists(f => f.IsUnwindowed && !f.EndsByItself) => Longest(),
        null => null,
    };
}
