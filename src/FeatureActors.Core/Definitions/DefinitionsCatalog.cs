using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Gives numbers to features, columns and groups: once, and never again to something else. A pure function of the model and the
/// version before it.
/// </summary>
public static class DefinitionsCatalog
{
    /// <summary>
    /// The definitions as they would be applied on top of <paramref name="previous"/>.
    /// <list type="bullet">
    /// <item>A feature keeps its number while its name and shape stay. A changed shape, and a feature that was removed before,
    /// get a new one: bytes kept under the old number have a gap or another meaning.</item>
    /// <item>A column is (source, name, type) and a group is its name: both mean the same whenever they come back, so they get
    /// their old number again.</item>
    /// </list>
    /// </summary>
    /// <param name="model">Checked definitions.</param>
    /// <param name="previous">The version in the store, or null before the first <c>apply</c>.</param>
    /// <param name="nowMs">Present time, Unix milliseconds.</param>
    /// <exception cref="ArgumentException"><paramref name="previous"/> belongs to another namespace.</exception>
    public static DefinitionsAssignment Assign(DefinitionsModel model, DefinitionsSnapshot? previous, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (previous is not null && previous.Namespace != model.Namespace)
        {
            throw new ArgumentException($"the stored version is of namespace {previous.Namespace}, not {model.Namespace}", nameof(previous));
        }

        var numbering = new Numbering(previous, nowMs);
        foreach (EntityDefinition entity in model.Entities)
        {
            foreach (GroupDefinition group in model.GroupsOf(entity.Name))
            {
                numbering.Group(group, StateShape.Of(entity));
                foreach (FeatureDefinition feature in group.Features)
                {
                    foreach (WindowFamily family in WindowFamily.Of(feature.Windows))
                    {
                        numbering.Feature(model, group, feature, family);
                    }
                }

                foreach (DerivedDefinition derived in group.IsPacked ? group.Derived : [])
                {
                    numbering.Derived(group, derived);
                }

                foreach ((string name, string type) in ColumnsOf(model, group))
                {
                    numbering.Column(entity.Name, name, type);
                }
            }
        }

        numbering.RemoveTheRest();
        string text = DefinitionsText.Of(model);
        bool hasChanges = previous is null || previous.Text != text || numbering.IsChanged;
        DefinitionsSnapshot snapshot = hasChanges
            ? new DefinitionsSnapshot(model.Namespace, numbering.Version, text, nowMs, numbering.Numbers)
            : previous!;
        IReadOnlyList<DefinitionsChange> changes = [.. numbering.Changes, .. DerivedChanges.Of(previous?.Text, text)];
        return new DefinitionsAssignment(snapshot, changes) { HasChanges = hasChanges };
    }

    /// <summary>Numbers for definitions that nobody applied, as version 0: for <c>fa batch</c> and <c>fa plan</c> without a store.</summary>
    public static DefinitionsSnapshot Unapplied(DefinitionsModel model) => Assign(model, null, 0).Snapshot with { Version = 0 };

    /// <summary>The definitions in one spelling, which binds to an equal model; kept in the store.</summary>
    public static string TextOf(DefinitionsModel model) => DefinitionsText.Of(model);

    internal static string FeatureName(GroupDefinition group, FeatureDefinition feature, WindowFamily family) =>
        $"{group.Name}.{feature.Name}{family.Suffix}";

    internal static string FeatureName(GroupDefinition group, DerivedDefinition derived) => $"{group.Name}.{derived.Name}";

    internal static string ColumnName(string source, string field) => $"{source}.{field}";

    /// <summary>Columns that rows of the group's sources carry for it.</summary>
    private static IEnumerable<(string Name, string Type)> ColumnsOf(DefinitionsModel model, GroupDefinition group) =>
        group.Feeds
            .Select(f => f.Source)
            .Distinct()
            .Select(model.Source)
            .SelectMany(s => s.Fields
                .Concat(s.LookupColumns)
                .Concat(s.Expressions.Select(static e => new FieldDefinition(e.Name, e.Type)))
                .Where(f => group.UsedColumns.Contains(f.Name))
                .Select(f => (ColumnName(s.Name, f.Name), FieldTypeWords.Of(f.Type))));

    private sealed class Numbering(DefinitionsSnapshot? previous, long nowMs)
    {
        // What is computed from other features is told by its text, not by its number.
        private const string DerivedShape = "derived";

        // 0 marks "full from the start": with the first version every source is read from its beginning.
        private readonly long _sinceMs = previous is null ? 0 : nowMs;
        private readonly List<AssignedNumber> _numbers = previous is null ? [] : [.. previous.Numbers];
        private readonly HashSet<(NumberKind, string, int)> _used = [];

        public bool IsChanged { get; private set; }

        /// <summary>Number of the version when something is changed.</summary>
        public long Version { get; } = (previous?.Version ?? 0) + 1;

        public List<DefinitionsChange> Changes { get; } = [];

        public IReadOnlyList<AssignedNumber> Numbers => _numbers;

        public void Group(GroupDefinition group, string shape)
        {
            int index = _numbers.FindIndex(
                n => n.Kind == NumberKind.Group && n.Entity == group.Entity && n.Name == group.Name);
            if (index < 0)
            {
                int number = Add(NumberKind.Group, group.Entity, group.Name, shape, "", 0);
                bool fits = number < DefinitionsBinder.GroupsMax;
                Report(
                    fits ? DefinitionsChangeKind.Added : DefinitionsChangeKind.Refused,
                    group.Entity,
                    group.Name,
                    number,
                    fits ? "" : $"all {DefinitionsBinder.GroupsMax} group numbers of the entity were given once; define a second entity");
                return;
            }

            AssignedNumber known = _numbers[index];
            if (known.Shape != shape)
            {
                Report(
                    DefinitionsChangeKind.Refused,
                    group.Entity,
                    group.Name,
                    known.Number,
                    $"key and shards of an entity cannot change ({StateShape.Difference(known.Shape, shape)}); define a new entity");
            }
            else
            {
                Report(
                    known.IsLive ? DefinitionsChangeKind.Unchanged : DefinitionsChangeKind.Added,
                    group.Entity,
                    group.Name,
                    known.Number,
                    "");
            }

            Keep(index, known with { IsLive = true });
        }

        public void Column(string entity, string name, string type)
        {
            int index = _numbers.FindIndex(
                n => n.Kind == NumberKind.Column && n.Entity == entity && n.Name == name && n.Shape == type);
            if (index < 0)
            {
                Add(NumberKind.Column, entity, name, type, "", 1);
            }
            else
            {
                Keep(index, _numbers[index] with { IsLive = true });
            }
        }

        /// <summary>A feature without state needs a number only where it is a field of a packed message.</summary>
        public void Derived(GroupDefinition group, DerivedDefinition derived)
        {
            string name = FeatureName(group, derived);
            int index = _numbers.FindIndex(
                n => n.Kind == NumberKind.Feature && n.Entity == group.Entity && n.Name == name && n.Shape == DerivedShape && n.IsLive);
            if (index < 0)
            {
                Add(NumberKind.Feature, group.Entity, name, DerivedShape, "", 1);
            }
            else
            {
                Keep(index, _numbers[index]);
            }
        }

        public void Feature(DefinitionsModel model, GroupDefinition group, FeatureDefinition feature, WindowFamily family)
        {
            string name = FeatureName(group, feature, family);
            string shape = StateShape.Of(model, group, feature, family);
            int index = _numbers.FindIndex(
                n => n.Kind == NumberKind.Feature && n.Entity == group.Entity && n.Name == name && n.Shape != DerivedShape && n.IsLive);
            if (index < 0)
            {
                int number = AddFeature(group.Entity, name, shape, family);
                Report(DefinitionsChangeKind.Added, group.Entity, name, number, "");
                return;
            }

            AssignedNumber known = _numbers[index];
            if (known.Shape != shape)
            {
                Keep(index, known with { IsLive = false });
                int number = AddFeature(group.Entity, name, shape, family);
                Report(
                    DefinitionsChangeKind.Reset,
                    group.Entity,
                    name,
                    number,
                    $"was {known.Number}; {StateShape.Difference(known.Shape, shape)}");
                return;
            }

            ReportWindows(group.Entity, name, known, family, index);
        }

        public void RemoveTheRest()
        {
            for (int i = 0; i < _numbers.Count; i++)
            {
                AssignedNumber known = _numbers[i];
                if (!known.IsLive || _used.Contains((known.Kind, known.Entity, known.Number)))
                {
                    continue;
                }

                _numbers[i] = known with { IsLive = false };
                IsChanged = true;
                if (known.Kind != NumberKind.Column && known.Shape != DerivedShape)
                {
                    Report(DefinitionsChangeKind.Removed, known.Entity, known.Name, known.Number, "");
                }
            }
        }

        private void ReportWindows(string entity, string name, AssignedNumber known, WindowFamily family, int index)
        {
            (string windows, var added, var warming) = WindowHistory.Continue(known.Windows, family.Windows, nowMs);
            string[] removed = [.. WindowHistory.Removed(known.Windows, family.Windows)];
            if (added.Count == 0 && removed.Length == 0)
            {
                Report(DefinitionsChangeKind.Unchanged, entity, name, known.Number, "");
            }

            if (added.Except(warming).Select(w => w.Name).ToArray() is { Length: > 0 } full)
            {
                Report(DefinitionsChangeKind.WindowAdded, entity, name, known.Number, string.Join(", ", full));
            }

            if (warming.Count > 0)
            {
                Report(
                    DefinitionsChangeKind.WindowWarming, entity, name, known.Number, string.Join(", ", warming.Select(w => w.Name)));
            }

            if (removed.Length > 0)
            {
                Report(DefinitionsChangeKind.WindowRemoved, entity, name, known.Number, string.Join(", ", removed));
            }

            Keep(index, known with { Windows = windows });
        }

        private int AddFeature(string entity, string name, string shape, WindowFamily family) =>
            Add(NumberKind.Feature, entity, name, shape, WindowHistory.New(family.Windows, _sinceMs), 1);

        private int Add(NumberKind kind, string entity, string name, string shape, string windows, int first)
        {
            int number = _numbers.Where(n => n.Kind == kind && n.Entity == entity).Select(n => n.Number + 1).DefaultIfEmpty(first).Max();
            _numbers.Add(new AssignedNumber(kind, entity, number, name, shape, nowMs, windows, IsLive: true) { SinceVersion = Version });
            _used.Add((kind, entity, number));
            IsChanged = true;
            return number;
        }

        private void Keep(int index, AssignedNumber number)
        {
            IsChanged |= _numbers[index] != number;
            _numbers[index] = number;
            _used.Add((number.Kind, number.Entity, number.Number));
        }

        private void Report(DefinitionsChangeKind change, string entity, string name, int number, string detail) =>
            Changes.Add(new DefinitionsChange(change, entity, name, number, detail));
    }
}
