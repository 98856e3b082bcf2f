using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Runtime.Tests.Ingest;

public sealed class EventRouterTests
{
    private const string Text =
        """
        namespace = shop
        sources {
          a { event-time { field = t, unit = ms }, fields { id = string, unused = string, price = double, quantity = long } }
          b { event-time { field = t, unit = ms }, fields { price = double, id = string, tax = double } }
        }
        entities { e { key = [string], shards = 4 } }
        groups {
          g { entity = e, from = [{ source = a, key = id }, { source = b, key = id }]
            features {
              revenue { type = sum, of = "price * quantity", windows = [1h] }
              gross   { type = sum, of = "price + COALESCE(tax, 0)", windows = [1h] }
              names   { type = count-map, key = ["upper(id)", quantity], windows = [1h] }
              again   { type = max, of = "(price) * quantity", windows = [1h] }
              big     { type = convert, expr = "CASE WHEN quantity > 1 THEN price END" }
            } }
        }
        """;

    [Fact]
    public void Rows_carry_the_values_and_NULL_for_fields_that_the_source_lacks()
    {
        IReadOnlyList<IngestPlan> plans = Sources();
        var target = new Cells(plans[0]);
        new EventRouter(plans[0]).Route("""{"t":1,"id":"ü","price":2.5,"quantity":3}"""u8, 0, target);
        Assert.Equal("7.5|2.5|Ü|3|2.5", target.Row);

        target = new Cells(plans[1]);
        new EventRouter(plans[1]).Route("""{"t":1,"id":"k","price":2.5,"tax":1}"""u8, 0, target);
        Assert.Equal("NULL|3.5|K|NULL", target.Row);
    }

    [Fact]
    public void A_value_that_is_not_finite_is_NULL()
    {
        IngestPlan plan = Sources()[0];
        var target = new Cells(plan);
        new EventRouter(plan).Route("""{"t":1,"id":"k","price":1e308,"quantity":1000}"""u8, 0, target);
        Assert.Equal("NULL|1E+308|K|1000|1E+308", target.Row);
    }

    [Fact]
    public void Routing_with_expressions_allocates_nothing_after_warm_up()
    {
        IngestPlan plan = Sources()[0];
        var router = new EventRouter(plan);
        var target = new NoTarget();
        byte[] message = """{"t":1,"id":"a somewhat longer user id","price":2.5,"quantity":3}"""u8.ToArray();
        Route();
        long least = long.MaxValue;
        for (int run = 0; run < 5; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Route();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);

        void Route()
        {
            for (int i = 0; i < 1000; i++)
            {
                router.Route(message, 0, target);
            }
        }
    }

    [Fact]
    public void Looking_up_columns_and_decoding_by_a_plug_in_allocate_nothing_after_warm_up()
    {
        string text = Text.Replace("quantity = long } }", "quantity = long }, lookups.t { type = \"custom:table\", key = id, columns = [brand, weight] }, format = \"custom:lines\" }", StringComparison.Ordinal)
            .Replace("features {", "features {\nbrands { type = count-map, key = brand, windows = [1h] }, weights { type = sum, of = \"weight + 1\", windows = [1h] }\n", StringComparison.Ordinal);
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(text, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All), custom: RouterKinds.All);
        IngestPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Sources[0];
        var cells = new Cells(plan);
        new EventRouter(plan).Route("{\"t\":1,\"id\":\"k\",\"price\":2.5,\"quantity\":3}"u8, 0, cells);
        Assert.Contains("brand of k", cells.Row, StringComparison.Ordinal);
        Assert.Contains("|2|", cells.Row, StringComparison.Ordinal);

        var router = new EventRouter(plan);
        var target = new NoTarget();
        byte[] message = "{\"t\":1,\"id\":\"a somewhat longer user id\",\"price\":2.5,\"quantity\":3}"u8.ToArray();
        for (int i = 0; i < 1000; i++)
        {
            router.Route(message, 0, target);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            router.Route(message, 0, target);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static IReadOnlyList<IngestPlan> Sources()
    {
        DefinitionsModel model = DefinitionsBinder.Bind(
            HoconParser.ParseText(Text, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        return PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Sources;
    }

    /// <summary>Keeps the columns of the row as text.</summary>
    private sealed class Cells(IngestPlan plan) : IRowTarget
    {
        public string Row { get; private set; } = "";

        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
        {
            var texts = new List<string>();
            foreach (RowColumn column in plan.Routes[ordinal].Columns)
            {
                texts.Add(row.IsNull(column.Field) ? "NULL" : column.Type switch
                {
                    FieldType.Double => row.GetDouble(column.Field).ToString(CultureInfo.InvariantCulture),
                    FieldType.Long => row.GetInt64(column.Field).ToString(CultureInfo.InvariantCulture),
                    _ => Encoding.UTF8.GetString(row.GetUtf8(column.Field)),
                });
            }

            Row = string.Join('|', texts);
        }

        public void Refuse(int ordinal, string group, string reason, string error) => throw new InvalidOperationException(error);
    }

    private sealed class NoTarget : IRowTarget
    {
        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
        {
        }

        public void Refuse(int ordinal, string group, string reason, string error) => throw new InvalidOperationException(error);
    }
}
