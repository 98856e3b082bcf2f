namespace FeatureActors.Core.Tests.Definitions;

public sealed class DefinitionsMistakeTests
{
    [Theory]
    [InlineData("type = count, windws = [1h]", "6:19", "unknown key 'windws'", "did you mean 'windows'?")]
    [InlineData("type = cuont, windows = [1h]", "6:12", "unknown feature type 'cuont'", "did you mean 'count'?")]
    [InlineData("type = \"custom:spread\", windows = [1h]", "6:12", "unknown feature type 'custom:spread'", "(there are: custom:decay)")]
    [InlineData("type = count", "6:3", "type 'count' needs windows", "windows = [1h, 1d]")]
    [InlineData("windows = [1h]", "6:3", "groups.g.features.a.type is missing", "(add type = …)")]
    [InlineData("type = sum, of = vv, windows = [1h]", "6:22", "unknown field 'vv'", "did you mean 'v'?")]
    [InlineData("type = sum, of = id, windows = [1h]", "6:22", "field 'id' is string, expected long, double, decimal", "")]
    [InlineData("type = sum, windows = [1h]", "6:3", "groups.g.features.a.of is missing", "(add of = …)")]
    [InlineData("type = latest, of = v, windows = [1h]", "6:38", "type 'latest' has no windows", "remove 'windows'")]
    [InlineData("type = last, of = v, n = 0, windows = [1h]", "6:30", "must be from 1 to 1000, found '0'", "")]
    [InlineData("type = top-k, key = id, by = size, windows = [1h]", "6:34", "expected one of count, sum, found 'size'", "")]
    [InlineData("type = count-map, key = id, max-keys = 1000001, windows = [1h]", "6:44", "from 1 to 1000000", "")]
    [InlineData("type = count, windows = []", "6:29", "at least one window is needed", "write 1h")]
    [InlineData("type = count, windows = [1h, 60m]", "6:34", "there are two windows '1h'", "another name")]
    [InlineData("type = count, windows = [1hour2]", "6:30", "'1hour2' is no window", "write 1h")]
    [InlineData("type = count, windows = [{ tumbling = 1h, zone = UTC }]", "6:54", "periods of 1h have no zone", "write tumbling = day, week or month")]
    [InlineData("type = count, windows = [{ tumbling = day, zone = Paris }]", "6:55", "unknown time zone 'Paris'", "Europe/Paris")]
    [InlineData("type = count, windows = [{ tumbling = 500ms }]", "6:43", "must be from 1s to 3650d, found '500ms'", "")]
    [InlineData("type = count, windows = [{ tumbling = year }]", "6:43", "expected", "")]
    [InlineData("type = count, windows = [{ tumbling = day, back = 367 }]", "6:55", "must be from 0 to 366, found '367'", "")]
    [InlineData("type = count, windows = [{ tumbling = day, back = 1, series = 2 }]", "6:55", "a series states its own 'back'", "remove 'back' or 'series'")]
    [InlineData("type = count, windows = [{ tumbling = day, size = 1d }]", "6:48", "unknown key 'size'", "")]
    [InlineData("type = count, windows = [{ size = 1d, offset = 1d, series = 2 }]", "6:52", "a series states its own 'offset'", "")]
    [InlineData("type = count, windows = [{ size = 1d, zone = UTC }]", "6:43", "unknown key 'zone'", "")]
    [InlineData("type = count, windows = [shrt]", "6:30", "'shrt' is no window", "write 1h")]
    [InlineData("type = count, windows = [{ session = 30m, offset = 1h }]", "6:56", "has no 'offset'", "remove 'offset'")]
    [InlineData("type = count, windows = [{ session = 30m, lateness = 29m }]", "6:58", "must be from 30m to 3650d, found '29m'", "")]
    [InlineData("type = count, windows = [{ session = 500ms }]", "6:42", "must be from 1s to 3650d, found '500ms'", "")]
    [InlineData("type = count, windows = [{ last = 10001 }], where = \"'lifetime' <> ''\"", "6:39", "must be from 1 to 10000, found '10001'", "")]
    [InlineData("type = count, windows = [{ size = 1h, slot = 2h }]", "6:50", "must be from 1ms to 1h, found '2h'", "")]
    [InlineData("type = count, windows = [{ size = 1h, slot = 0 }]", "6:50", "must be from 1ms to 1h", "")]
    [InlineData("type = count, windows = [{ size = 30d, slot = 1s }]", "6:51", "2592000 slots, more than 100000", "coarser slot")]
    [InlineData("type = count, windows = [{ size = 1h, name = 1x }]", "6:50", "'1x' is no name for a window", "names start with a letter")]
    [InlineData("type = count, windows = [{ size = lifetime, slot = 1h }], where = TRUE", "6:56", "one slot that nothing leaves", "remove 'slot'")]
    [InlineData("type = count, where = \"idd = 'x'\", windows = [1h]", "6:28", "idd", "")]
    [InlineData("type = count, where = \"n + 1\", windows = [1h]", "6:30", "boolean", "")]
    [InlineData("type = count, where = \"id = \", windows = [1h]", "6:", "", "")]
    [InlineData("type = ratio, numerator = b, denominator = bb", "6:48", "unknown feature 'bb'", "did you mean 'b'?")]
    [InlineData("type = ratio, numerator = b, denominator = m", "6:48", "the value of feature 'm' is not a number", "such as count")]
    [InlineData("type = ratio, numerator = b, denominator = a", "6:48", "'a' reads itself: a → a", "features that do not read it")]
    [InlineData("type = ratio, numerator = \"b:1d\", denominator = b", "6:31", "b has no window '1d'", "b has 1h")]
    [InlineData("type = ratio, numerator = b, denominator = b, prior = -1", "6:59", "must be from 0", "")]
    [InlineData("type = ratio, numerator = b, denominator = b, windows = [1h, 1h]", "6:66", "there are two windows '1h'", "remove one")]
    [InlineData("type = ratio, numerator = \"b:1h\", denominator = \"b:1h\", windows = [1h]", "6:71", "nothing that it reads has a window", "remove 'windows'")]
    [InlineData("type = derived, expr = \"b / bb\"", "6:33", "unknown feature 'bb'", "did you mean 'b'?")]
    [InlineData("type = derived, expr = \"b + m\"", "6:33", "the value of feature 'm' is neither a number nor a string", "such as count")]
    [InlineData("type = derived, expr = \"b + a\"", "6:33", "'a' reads itself: a → a", "")]
    [InlineData("type = derived, expr = \"b LIKE 'x'\"", "6:", "string", "")]
    [InlineData("type = derived, expr = \"1 + 1\"", "6:29", "the expression names no feature", "write a feature")]
    [InlineData("type = derived, expr = \"b +\"", "6:", "", "")]
    [InlineData("type = derived", "6:3", "groups.g.features.a.expr is missing", "")]
    [InlineData("type = derived, expr = b, windws = [1h]", "6:31", "unknown key 'windws'", "did you mean 'windows'?")]
    [InlineData("type = derived, expr = \"b + d\"", "6:3", "b and d have no window in common", "b has 1h, d has 1d")]
    [InlineData("type = sum, of = \"v * nn\", windows = [1h]", "6:27", "unknown column 'nn'", "did you mean 'n'?")]
    [InlineData("type = sum, of = \"v *\", windows = [1h]", "6:", "", "")]
    [InlineData("type = sum, of = \"upper(id)\", windows = [1h]", "6:22", "the expression is string, expected long, double, decimal", "")]
    [InlineData("type = sum, of = 5, windows = [1h]", "6:22", "'5' is no field, and the same for every row", "")]
    [InlineData("type = ratio, numerator = b, denominator = d", "6:3", "b and d have no window in common", "b has 1h, d has 1d")]
    [InlineData("type = ratio, numerator = b, denominator = b, windows = [2h]", "6:62", "b has no window '2h'", "b has 1h")]
    public void Mistake_in_a_feature_is_shown_with_its_place(string feature, string place, string message, string hint)
    {
        string text = Samples.Group(
            $"a {{ {feature} }}\nb {{ type = count, windows = [1h] }}\nd {{ type = count, windows = [1d] }}\n"
            + "m { type = count-map, key = id, windows = [1h] }");
        if (feature.Contains("lifetime", StringComparison.Ordinal))
        {
            text = text.Replace("source = s", "idle-expiry = never, source = s", StringComparison.Ordinal);
        }

        string mistake = Assert.Single(Samples.Mistakes(text));
        Assert.StartsWith($"d.conf:{place}", mistake, StringComparison.Ordinal);
        Assert.Contains(message, mistake, StringComparison.Ordinal);
        Assert.Contains(hint, mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ on = change, of = a }", "the group has no field 'a'")]
    [InlineData("{ on = when, expr = \"a > 1\" }", "feature 'a' has several windows")]
    public void Feature_with_several_windows_names_no_field(string trigger, string message)
    {
        string mistake = Assert.Single(Samples.Mistakes(Samples.Group("a { type = count, windows = [1h, 1d] }", $"triggers = [{trigger}]")));
        Assert.Contains(message, mistake, StringComparison.Ordinal);
        Assert.Contains("write one of a:1h, a:1d", mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("late = dropp", "9:8", "expected one of drop, dead-letter", "did you mean 'drop'?")]
    [InlineData("margins = 1h", "9:1", "unknown key 'margins'", "did you mean 'margin'?")]
    [InlineData("triggers = [{ on = change }]", "9:13", "groups.g.triggers[0].of is missing", "")]
    [InlineData("triggers = [{ on = change, of = aa }]", "9:33", "the group has no field 'aa'", "a:1h")]
    [InlineData("triggers = [{ on = change, of = a, by = 0 }]", "9:41", "'0' is no change", "a positive share such as by = 5%")]
    [InlineData("triggers = [{ on = \"custom:trnd\" }]", "9:20", "unknown trigger 'custom:trnd'", "no plug-in that is loaded brings one")]
    [InlineData("triggers = [{ on = change, of = a, by = x% }]", "9:41", "'x%' is no change", "a positive amount such as by = 3")]
    [InlineData("triggers = [{ on = when }]", "9:13", "groups.g.triggers[0].expr is missing", "")]
    [InlineData("triggers = [{ on = when, expr = \"a > \" }]", "9:38", "expected a value", "")]
    [InlineData("triggers = [{ on = when, expr = \"b > 1\" }]", "9:34", "'b'", "")]
    [InlineData("triggers = [{ on = when, expr = \"a + 1\" }]", "9:36", "boolean", "")]
    [InlineData("triggers = [{ on = update }, { on = update, coalesce = 200ms }]", "9:30", "the trigger is there twice", "")]
    [InlineData("triggers = [{ on = updat }]", "9:20", "expected one of change, expiry, timer, update, when", "did you mean 'update'?")]
    [InlineData("triggers = [{ on = timer }]", "9:13", "groups.g.triggers[0].every is missing", "(add every = …)")]
    [InlineData("triggers = [{ on = update, every = 1s }]", "9:28", "unknown key 'every'", "")]
    [InlineData("from = [{ source = s, key = id }]", "9:8", "both 'from' and 'source'", "")]
    public void Mistake_in_a_group_is_shown_with_its_place(string body, string place, string message, string hint)
    {
        string mistake = Assert.Single(Samples.Mistakes(Samples.Group("a { type = count, windows = [1h] }", "\n" + body)));
        Assert.StartsWith($"d.conf:{place}", mistake, StringComparison.Ordinal);
        Assert.Contains(message, mistake, StringComparison.Ordinal);
        Assert.Contains(hint, mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_named_wrongly_and_what_it_means_are_both_shown_where_that_is_wrong_itself()
    {
        string text = Samples.Group("a { type = count, windows = [1h] }")
            .Replace("entities.e { key = [string] }", "entities.items { key = [text] }, entities.other { key = [string] }", StringComparison.Ordinal)
            .Replace("entity = e", "entity = item", StringComparison.Ordinal);
        Assert.Collection(
            Samples.Mistakes(text),
            static m => Assert.Contains("found 'text'", m, StringComparison.Ordinal),
            static m => Assert.EndsWith("unknown entity 'item' (did you mean 'items'?)", m, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("entity = e", "entity = ee", "unknown entity 'ee'", "did you mean 'e'?")]
    [InlineData("source = s", "source = t", "unknown source 't'", "did you mean 's'?")]
    [InlineData("key = id", "key = idd", "source s declares no field 'idd'", "did you mean 'id'?")]
    [InlineData("key = id", "key = [id, other]", "the key has 2 parts, entity e has 1", "its key is [string]")]
    [InlineData("key = id", "key = n", "field 'n' is long, this part of the key of entity e is string", "")]
    [InlineData("key = id", "key = id, where = \"v > 'x'\"", "", "")]
    [InlineData("key = [string]", "key = [double]", "expected one of string, long, found 'double'", "")]
    [InlineData("key = [string]", "key = []", "a key has 1 to 16 parts", "")]
    [InlineData("key = [string]", "key = [string], shards = 0", "must be from 1 to 10000", "")]
    [InlineData("groups.g", "groups._g", "a leading '_' is reserved", "start with a letter")]
    [InlineData("groups.g", "groups.\"g h\"", "'g h' is no name for a group", "names start with a letter")]
    [InlineData("namespace = shop", "namespace = \"a:b\"", "'a:b' is no name for a namespace", "names start with a letter")]
    [InlineData("namespace = shop", "namespase = shop, namespace = shop", "unknown key 'namespase'", "did you mean 'namespace'?")]
    [InlineData("namespace = shop", "", "namespace is missing", "")]
    [InlineData("namespace = shop", "namespace = shop, clock = wal", "expected one of wall, event", "did you mean 'wall'?")]
    [InlineData("sources.s {", "sources.s { format = protobuf,", "the format 'protobuf' is promised and not built yet", "json and csv")]
    [InlineData("sources.s {", "sources.s { csv { },", "only a source with format = csv", "")]
    [InlineData("sources.s {", "sources.s { format = csv, csv { delimiter = ab },", "one ASCII character", "")]
    [InlineData("sources.s {", "sources.s { format = csv, csv { columns = [id, other, n, ts] },", "the declared field 'v' is no column", "")]
    [InlineData("sources.s {", "sources.s { event-id = idd,", "declares no field 'idd'", "did you mean 'id'?")]
    [InlineData("sources.s {", "sources.s { event-id = v,", "an event id is a string or a long, field 'v' is double", "")]
    [InlineData("sources.s {", "sources.s { max-event-bytes = 2KB,", "expected a size", "kB")]
    [InlineData("sources.s {", "sources.s { max-futur = 1m,", "unknown key 'max-futur'", "did you mean 'max-future'?")]
    [InlineData("unit = ms", "unit = iso8601", "field 'ts' is long, which holds no time with unit = iso8601", "string")]
    [InlineData("unit = ms", "unit = ns", "expected one of ms, s, us, iso8601", "")]
    [InlineData("n = long", "n = int", "expected one of string, long, double, decimal, boolean", "")]
    public void Mistake_elsewhere_is_shown_alone(string from, string to, string message, string hint)
    {
        string text = Samples.Group("a { type = count, windows = [1h] }").Replace(from, to, StringComparison.Ordinal);
        string mistake = Assert.Single(Samples.Mistakes(text));
        Assert.Matches(@"^d\.conf:\d+:\d+: ", mistake);
        Assert.Contains(message, mistake, StringComparison.Ordinal);
        Assert.Contains(hint, mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_are_shown_at_once_in_the_order_of_the_file()
    {
        const string text =
            """
            namespace = shop
            clok = wall
            sources.s { event-time { field = ts, unit = ms }, fields { id = strin, ts = long } }
            entities.e { key = [string] }
            groups.g {
              entity = e, source = s, key = idd
              features { a { type = count, windows = [1x] }, _v { type = sum, of = id, windows = [1h] } }
            }
            """;
        string[] mistakes = Samples.Mistakes(text);
        Assert.Equal(["2:1", "3:65", "6:33", "7:43", "7:50", "7:72"], mistakes.Select(m => string.Join(':', m.Split(':')[1..3])));
    }

    [Fact]
    public void Lifetime_window_without_idle_expiry_is_a_mistake()
    {
        string mistake = Assert.Single(Samples.Mistakes(Samples.Group("a { type = count, windows = [lifetime] }")));
        Assert.Contains("when an idle key is forgotten", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void Idle_expiry_below_the_longest_window_is_a_mistake_and_equal_is_none()
    {
        const string features = "a { type = latest, of = v }\nb { type = count, windows = [{ size = 1h, slot = 1m }] }";
        Assert.Contains(
            "must be at least 61m", Assert.Single(Samples.Mistakes(Samples.Group(features, "idle-expiry = 60m"))), StringComparison.Ordinal);
        Samples.Bind(Samples.Group(features, "idle-expiry = 61m"));
    }

    [Fact]
    public void Field_with_two_types_is_a_mistake_where_it_is_used()
    {
        const string text =
            """
            namespace = shop
            sources {
              a { event-time { field = t, unit = ms }, fields { id = string, v = long } }
              b { event-time { field = t, unit = ms }, fields { id = string, v = double } }
            }
            entities.e { key = [string] }
            groups.g { entity = e, from = [{ source = a, key = id }, { source = b, key = id }]
              features {
                n { type = sum, of = v, windows = [1h] }
                m { type = count, where = "v > 1", windows = [1h] }
              } }
            """;
        string[] mistakes = Samples.Mistakes(text);
        Assert.Equal(2, mistakes.Length);
        Assert.StartsWith("d.conf:9:26: groups.g.features.n.of: field 'v' is long in source a and double in source b", mistakes[0], StringComparison.Ordinal);
        Assert.StartsWith("d.conf:10:32: ", mistakes[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Sixty_four_groups_and_256_features_fit_one_entity_and_one_more_does_not()
    {
        Samples.Bind(Groups(64, 4));
        Assert.Contains("more than 64 groups", Assert.Single(Samples.Mistakes(Groups(65, 1))), StringComparison.Ordinal);
        Assert.Contains("more than 256 features", Assert.Single(Samples.Mistakes(Groups(64, 5))), StringComparison.Ordinal);
    }

    private static string Groups(int groups, int features) =>
        "namespace = shop\nsources.s { event-time { field = ts, unit = ms }, fields { id = string } }\nentities.e { key = [string] }\n"
        + string.Join('\n', Enumerable.Range(0, groups).Select(g =>
            $"groups.g{g} {{ entity = e, source = s, key = id, features {{ "
            + string.Join(", ", Enumerable.Range(0, features).Select(f => $"f{f} {{ type = count, windows = [1h] }}")) + " } }"));
}
