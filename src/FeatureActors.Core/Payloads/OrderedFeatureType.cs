using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>first</c>, <c>last</c> (with <c>n</c> and <c>distinct</c>) and <c>latest</c> of a field of any type. Rows are ordered by (event time,
/// value); <c>last</c> keeps the n largest, <c>first</c> the n smallest. Written newest first: a scalar for n = 1, else a list.
/// </summary>
internal sealed class OrderedFeatureType : IFeatureType
{
    private const int CountMax = 10_000;

    private readonly bool _newest;
    private readonly bool _isList;

    private OrderedFeatureType(string name, bool newest, bool isList)
    {
        Name = name;
        _newest = newest;
        _isList = isList;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The type <c>first</c>.</summary>
    public static OrderedFeatureType First() => new("first", newest: false, isList: true);

    /// <summary>The type <c>last</c>.</summary>
    public static OrderedFeatureType Last() => new("last", newest: true, isList: true);

    /// <summary>The type <c>latest</c>: the newest value of all time, in one slot.</summary>
    public static OrderedFeatureType Latest() => new("latest", newest: true, isList: false);

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        FeatureColumn? column = binding.RequiredColumn("of");
        int n = _isList ? (int)binding.Integer("n", 1, 1, CountMax) : 1;
        bool distinct = _isList && binding.Flag("distinct", false);
        if (column is not { } of)
        {
            return null;
        }

        return n == 1
            ? new SingleOrderedAggregate(of, _newest, _isList ? FeatureTraits.None : FeatureTraits.Unwindowed)
            : new ListOrderedAggregate(of, _newest, n, distinct);
    }
}
