using FeatureActors.Integration.Tests.Fixtures;
using static FeatureActors.Integration.Tests.Oracle.OracleType;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>The oracle's SQL against values computed by hand.</summary>
[Collection(OracleServers.Name)]
[Trait("Category", "Integration")]
public sealed class OracleSqlTests(PostgresFixture postgres)
{
    // 1 h has slots of a minute: at 02:00:30 its oldest is the one from 01:00:00 on. i2 is in the 2 h alone.
    private const long At = 7_230_000;

    private const string Events = """
        seq,ts_ms,user_id,item_id,category_id,action,value,event_id
        1,3599999,u1,i1,c1,purchase,5.0,b1
        2,3600000,u1,i1,c1,purchase,2.0,b2
        3,5000000,,i1,c2,purchase,3.0,b3
        4,5000000,u2,i1,c1,cancel,-1.0,b4
        5,7230000,u3,i1,c1,purchase,4.0,b5
        6,7230001,u9,i1,c1,purchase,100.0,b6
        7,3599999,u1,i2,c1,purchase,5.0,b1
        8,59999,u1,i3,c1,purchase,5.0,b0
        """;

    private static readonly OracleWindow H1 = OracleWindow.Minutes("1h", 60);
    private static readonly OracleWindow H2 = OracleWindow.Minutes("2h", 120);

    private static readonly OracleGroup Group = new("hand", ["item_id"],
        new(Count, "rows", H1, H2),
        new(Sum, "amount", H1) { Of = "value" },
        new(Avg, "mean", H1) { Of = "value" },
        new(Min, "smallest", H1) { Of = "value" },
        new(Max, "largest", H1) { Of = "value" },
        new(Last, "last_user", H1) { Of = "user_id" },
        new(Last, "last_users", H1) { Of = "user_id", N = 2 },
        new(First, "first_user", H1) { Of = "user_id" },
        new(First, "first_amounts", H1) { Of = "value", N = 2 },
        new(Last, "last_categories", H1) { Of = "category_id", N = 3, Distinct = true },
        new(First, "first_categories", H1) { Of = "category_id", N = 3, Distinct = true },
        new(Latest, "newest") { Of = "user_id" },
        new(CountMap, "users", H1) { Key = "user_id" },
        new(SumMap, "amounts", H1) { Key = "category_id", Of = "value" },
        new(TopKByCount, "top_users", H1) { Key = "user_id", N = 2 },
        new(TopKBySum, "top_category", H1) { Key = "category_id", Of = "value", N = 1 },
        new(TopKBySum, "low_category", H1) { Key = "category_id", Of = "value", N = 1, Bottom = true },
        new(Ratio, "per_row", H1) { Numerator = "amount", Denominator = "rows" });

    [Fact]
    public async Task Every_type_is_what_a_hand_computes()
    {
        await using OracleDatabase database = await CreateAsync("hand_values");
        Dictionary<string, (string First, string Second)> byHand = new()
        {
            ["rows:1h"] = ("4", "0"),
            ["rows:2h"] = ("5", "1"),
            ["amount:1h"] = ("8", "0"),
            ["mean:1h"] = ("2", "null"),
            ["smallest:1h"] = ("-1", "null"),
            ["largest:1h"] = ("4", "null"),
            ["last_user:1h"] = ("\"u3\"", "null"),
            ["last_users:1h"] = ("""["u3","u2"]""", "null"),
            ["first_user:1h"] = ("\"u1\"", "null"),
            ["first_amounts:1h"] = ("[-1,2]", "null"), // -1 before 3 of the same time, then written newest first
            ["last_categories:1h"] = ("""["c1","c2"]""", "null"),
            ["first_categories:1h"] = ("""["c2","c1"]""", "null"),
            ["newest:"] = ("\"u3\"", "\"u1\""),
            ["users:1h"] = ("""{"u1":1,"u2":1,"u3":1}""", "null"),
            ["amounts:1h"] = ("""{"c1":5,"c2":3}""", "null"),
            ["top_users:1h"] = ("""[["u1",1],["u2",1]]""", "null"),
            ["top_category:1h"] = ("""[["c1",5]]""", "null"),
            ["low_category:1h"] = ("""[["c2",3]]""", "null"),
            ["per_row:1h"] = ("2", "null"),
        };
        var sql = new OracleSql(Group);
        await database.ExecuteAsync(sql.CreateLive(At));
        foreach (OracleFeature feature in Group.Features)
        {
            foreach (OracleWindow? window in feature.Type == Latest ? new OracleWindow?[] { null } : feature.Windows)
            {
                Dictionary<string, string> values =
                    (await database.ValuesAsync(sql.Values(feature, window, At))).ToDictionary(v => v.Key, v => v.Value);
                string name = $"{feature.Name}:{window?.Name}";
                (string first, string second) = byHand[name];
                Assert.Equal(["\"i1\"", "\"i2\"", "\"i3\""], values.Keys.Order(StringComparer.Ordinal));
                Assert.True(JsonValues.Same(first, values["\"i1\""], rounded: false), $"{name} of i1: {values["\"i1\""]}");
                Assert.True(JsonValues.Same(second, values["\"i2\""], rounded: false), $"{name} of i2: {values["\"i2\""]}");
            }
        }
    }

    [Theory]
    [InlineData(7_259_999, true)]
    [InlineData(7_260_000, false)] // slot 0 leaves the 2 h at 0 + 2 h + 1 min
    public async Task A_key_is_there_until_its_last_slot_leaves(long at, bool isThere)
    {
        await using OracleDatabase database = await CreateAsync($"hand_exit_{at}");
        var sql = new OracleSql(Group);
        await database.ExecuteAsync(sql.CreateLive(at));
        List<(string Key, string Value)> values = await database.ValuesAsync(sql.Values(Group.Feature("rows"), H2, at));
        Assert.Equal(isThere, values.Any(v => v.Key == "\"i3\""));
    }

    [Theory]
    [InlineData("1", "1.0", false, true)]
    [InlineData("1", "1.0000000000001", false, false)]
    [InlineData("1", "1.0000000000001", true, true)]
    [InlineData("1", "1.00000001", true, false)]
    [InlineData("""{"a":1,"b":2}""", """{"b":2,"a":1}""", true, false)]
    [InlineData("""["a", "b"]""", """["a","b"]""", false, true)]
    [InlineData("""["a","b"]""", """["a"]""", false, false)]
    [InlineData("null", "0", true, false)]
    [InlineData("\"1\"", "1", true, false)]
    public void Values_are_the_same_only_in_order_and_kind(string expected, string actual, bool rounded, bool same) =>
        Assert.Equal(same, JsonValues.Same(expected, actual, rounded));

    private async Task<OracleDatabase> CreateAsync(string name)
    {
        OracleDatabase database = await OracleDatabase.CreateAsync(
            postgres.Server.ConnectionString, name, new StringReader(Events.ReplaceLineEndings("\n")));
        await database.ExecuteAsync(new OracleSql(Group).CreateRows());
        return database;
    }
}
