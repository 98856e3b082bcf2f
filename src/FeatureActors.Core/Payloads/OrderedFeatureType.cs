using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>first</c>, <c>last</c> (with <c>n</c>, <c>distinct</c> and side columns), <c>latest</c> and <c>convert</c> of a field of any type. Rows are ordered
/// by (event time, value, sides); <c>last</c> keeps the n largest, <c>first</c> the n smallest. Written newest first: a scalar for n = 1,
/// else a list; an entry with sides is an array.
/// </summary>
internal sealed class OrderedFeatureType : IFeatureType
{
    private const int CountMax = 10_000;
    private const int KeysMaxDefault = 1_000;
    private const int KeysMaxLimit = 10_000;

    private readonly bool _newest;
    private readonly bool _isList;
    private readonly string _value;

    private OrderedFeatureType(string name, bool newest, bool isList, string value = "of")
    {
        Name = name;
        _newest = newest;
        _isList = isList;
        _value = value;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The type <c>first</c>.</summary>
    public static OrderedFeatureType First() => new("first", newest: false, isList: true);

    /// <summary>The type <c>last</c>.</summary>
    public static OrderedFeatureType Last() => new("last", newest: true, isList: true);

    /// <summary>The type <c>latest</c>: the newest value of all time, in one slot.</summary>
    public static OrderedFeatureType Latest() => new("latest", newest: true, isList: false);

    /// <summary>The type <c>convert</c>: an expression over the newest row for which it is not NULL.</summary>
    public static OrderedFeatureType Convert() => new("convert", newest: true, isList: false, value: "expr");

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        FeatureColumn? of = binding.RequiredColumn(_value);
        if (!_isList)
        {
            return of is { } value ? new SingleOrderedAggregate(new EntryForm(value, []), _newest, FeatureTraits.Unwindowed) : null;
        }

        IReadOnlyList<FeatureColumn>? sides = binding.Has("with") ? binding.RequiredColumns("with") : [];
        int n = (int)binding.Integer("n", 1, 1, CountMax);
        string distinct = binding.FlagOrWord("distinct", false, "first", "last");
        bool keepsOther = distinct == (_newest ? "first" : "last");
        int keysMax = keepsOther ? (int)binding.Integer("max-keys", KeysMaxDefault, 1, KeysMaxLimit) : 0;
        if (of is not { } column || sides is null)
        {
            return null;
        }

        var form = new EntryForm(column, sides);
        return keepsOther ? new OccurrenceAggregate(form, _newest, n, Math.Max(n, keysMax))
            : n == 1 ? new SingleOrderedAggregate(form, _newest, FeatureTraits.None)
            : new ListOrderedAggregate(form, _newest, n, distinct != "false");
    }
}
