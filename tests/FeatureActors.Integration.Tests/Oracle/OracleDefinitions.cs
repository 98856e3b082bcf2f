using static FeatureActors.Integration.Tests.Oracle.OracleType;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>What oracle.conf defines, once more and by hand: nothing here comes from the engine.</summary>
internal static class OracleDefinitions
{
    private static readonly OracleWindow H1 = OracleWindow.Minutes("1h", 60);
    private static readonly OracleWindow D1 = OracleWindow.Minutes("1d", 1440);
    private static readonly OracleWindow D7 = OracleWindow.Minutes("7d", 7 * 1440);
    private static readonly OracleWindow D30 = OracleWindow.Minutes("30d", 30 * 1440);
    private static readonly OracleWindow M45 = OracleWindow.Minutes("45m", 45);
    private static readonly OracleWindow M90 = OracleWindow.Minutes("90m", 90);
    private static readonly OracleWindow M75 = OracleWindow.Minutes("75m", 75);
    private static readonly OracleWindow H13 = OracleWindow.Minutes("13h", 13 * 60);
    private static readonly OracleWindow D1By5 = OracleWindow.Minutes("1d", 1440, slotMinutes: 5);
    private static readonly OracleWindow D1WeekAgo = OracleWindow.Minutes("1d@7d", 1440, offsetMinutes: 7 * 1440);
    private static readonly OracleWindow Life = OracleWindow.Lifetime();

    private const string Bought = "action = 'purchase'";
    private const string Cancelled = "action = 'cancel'";

    internal static IReadOnlyList<OracleGroup> Groups { get; } =
    [
        new("items", ["item_id"],
            new(Count, "events", H1, D1, D7, D30, D1By5 with { Name = "fine" }, D1WeekAgo),
            new(Count, "buys", M90, D1, D30) { Where = Bought },
            new(Count, "cancels", D1, D7, D30) { Where = Cancelled },
            new(Count, "odd", M45, H1, M75, H13),
            new(Sum, "quantity", H1, D1, D7, D30, D1WeekAgo with { Name = "week_before" }) { Of = "value" },
            new(Sum, "returned", D30) { Of = "value", Where = "value < 0 AND user_id IS NOT NULL" },
            new(Sum, "lines", D1, D7) { Of = "seq" },
            new(Avg, "mean", D1By5, D30) { Of = "value" },
            new(Avg, "mean_line", D7) { Of = "seq" },
            new(Min, "smallest", D1, D7, D30) { Of = "value" },
            new(Max, "largest", D1, D7, D30) { Of = "value", Where = Bought },
            new(Min, "first_line", D1, D30) { Of = "seq" },
            new(Max, "last_user", D7) { Of = "user_id" },
            new(Min, "first_user", D7) { Of = "user_id" },
            new(Ratio, "cancel_rate", D1, D30) { Numerator = "cancels", Denominator = "buys" },
            new(Ratio, "per_event", H1, D1) { Numerator = "quantity", Denominator = "events" },
            new(Ratio, "mean_share", D30) { Numerator = "mean", Denominator = "quantity" },
            new(Latest, "newest") { Of = "value" },
            new(Latest, "newest_user") { Of = "user_id", Where = Bought })
        {
            Where = "action IN ('purchase', 'cancel')",
        },
        new("customers", ["user_id"],
            new(Count, "bulk", D30) { Where = "value >= 100" },
            new(Count, "undone", D7, D1WeekAgo) { Where = "action <> 'purchase'" },
            new(First, "first_item", D1, D7) { Of = "item_id" },
            new(Last, "last_item", H1, D1, D1WeekAgo) { Of = "item_id" },
            new(First, "first_amount", D7) { Of = "value" },
            new(Last, "last_amounts", D7) { Of = "value", N = 4 },
            new(Last, "last_bills", D7) { Of = "event_id", N = 3, Distinct = true },
            new(First, "first_items", D7) { Of = "item_id", N = 3 },
            new(First, "first_categories", D7) { Of = "category_id", N = 5, Distinct = true },
            new(Last, "last_items", D1, D7) { Of = "item_id", N = 20, Distinct = true, Where = Bought },
            new(Last, "last_lines", D1By5) { Of = "seq", N = 6 },
            new(CountMap, "by_category", D1, D7) { Key = "category_id" },
            new(SumMap, "amount_by_category", D7, D1WeekAgo) { Key = "category_id", Of = "value" },
            new(SumMap, "line_by_action", D7) { Key = "action", Of = "seq" },
            new(TopKByCount, "top_categories", D1, D7) { Key = "category_id", N = 5 },
            new(TopKBySum, "top_items", D7) { Key = "item_id", Of = "value", N = 3 }),
        new("categories", ["category_id"],
            new(Count, "rows", H1, D1, D7, D30),
            new(Sum, "amount", D1WeekAgo, M90) { Of = "value" },
            new(Max, "largest_bill", D1) { Of = "event_id" },
            new(Last, "last_buyers", H1, D30) { Of = "user_id", N = 10, Distinct = true },
            new(First, "first_buyers", D30) { Of = "user_id", N = 10, Distinct = true },
            new(Last, "last_buyer", M45, H1) { Of = "user_id" },
            new(CountMap, "items", D1By5, D30) { Key = "item_id" },
            new(SumMap, "amounts", M90, D30) { Key = "item_id", Of = "value" },
            new(TopKByCount, "top_buyers", H1, D7, D30) { Key = "user_id", N = 10 },
            new(TopKBySum, "top_amounts", D30) { Key = "user_id", Of = "value", N = 10 },
            new(TopKBySum, "most_returned", D7) { Key = "item_id", Of = "value", N = 4, Bottom = true }),
        new("category_actions", ["category_id", "action"],
            new(Count, "rows", H1, D7, D1WeekAgo),
            new(Sum, "amount", D30) { Of = "value" },
            new(Avg, "mean", D7) { Of = "value" },
            new(Min, "smallest", D7) { Of = "value" },
            new(Last, "last_user", D7) { Of = "user_id" },
            new(TopKByCount, "users", D7) { Key = "user_id", N = 3 },
            new(Ratio, "mean_again", D7) { Numerator = "amount_7d", Denominator = "rows" },
            new(Sum, "amount_7d", D7) { Of = "value" },
            new(Latest, "newest_item") { Of = "item_id" })
        {
            Where = "category_id <> 'POS'",
        },
        new("amounts", ["user_id"],
            new(Count, "bulk", D7) { Where = "value >= 500" },
            new(Count, "buys", H1) { Where = Bought },
            new(Latest, "newest") { Of = "value" })
        {
            IdleExpiry = D7,
        },
        new("lives", ["user_id"],
            new(Count, "rows", D1, Life),
            new(Count, "cancels", Life) { Where = Cancelled },
            new(Sum, "amount", Life) { Of = "value" },
            new(Avg, "mean", Life) { Of = "value" },
            new(Max, "largest", Life) { Of = "value" },
            new(First, "first_item", Life) { Of = "item_id" },
            new(Last, "last_categories", D7, Life) { Of = "category_id", N = 5, Distinct = true },
            new(CountMap, "by_action", Life) { Key = "action" },
            new(SumMap, "amounts", OracleWindow.Lifetime("ever")) { Key = "category_id", Of = "value" },
            new(TopKByCount, "top_items", Life) { Key = "item_id", N = 5 },
            new(Latest, "newest") { Of = "event_id" })
        {
            IdleExpiry = OracleWindow.Minutes("idle", 20 * 1440),
        },
        new("for_ever", ["category_id"],
            new(Count, "rows", D7, Life),
            new(Sum, "cancelled", Life) { Of = "value", Where = Cancelled },
            new(Min, "smallest", Life) { Of = "value" },
            new(First, "first_buyers", Life) { Of = "user_id", N = 10, Distinct = true },
            new(TopKBySum, "top_items", Life) { Key = "item_id", Of = "value", N = 5 },
            new(Latest, "newest_user") { Of = "user_id" })
        {
            IdleExpiry = Life,
        },
    ];
}
