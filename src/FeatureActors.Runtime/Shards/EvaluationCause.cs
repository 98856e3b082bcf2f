namespace FeatureActors.Runtime.Shards;

/// <summary>Why a group is evaluated, which decides whether a difference is written.</summary>
internal enum EvaluationCause
{
    /// <summary>A trigger that does not look at values, or a slot that entered or left a window: a difference is written.</summary>
    Due = 1,

    /// <summary>A trigger that looks at values: a difference is written if one of them fires.</summary>
    Value = 2,

    /// <summary>The expiry is refreshed: a difference that no trigger wanted written stays unwritten.</summary>
    Refresh = 3,

    /// <summary>What the sink holds is in doubt: written whether there is a difference or not.</summary>
    Doubt = 4,
}
