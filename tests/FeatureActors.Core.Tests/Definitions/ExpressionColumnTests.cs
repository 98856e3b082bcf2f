using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class ExpressionColumnTests
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
    public void Expressions_are_columns_named_by_their_canonical_text_and_each_is_there_once()
    {
        EntityPlan plan = Assert.Single(Compile(Text).Entities);
        Assert.Equal(
            [
                ("=(\"price\" * \"quantity\")", FieldType.Double),
                ("=(\"price\" + COALESCE(\"tax\", 0))", FieldType.Double),
                ("=UPPER(\"id\")", FieldType.String),
                ("quantity", FieldType.Long),
                ("=CASE WHEN (\"quantity\" > 1) THEN \"price\" END", FieldType.Double),
            ],
            plan.Columns.Select(c => (c.Name, c.Type)));
        Assert.Equal([2, 2, 2, 1, 2], plan.Columns.Select(c => c.Numbers.Count));
        Assert.Equal(9, plan.Columns.SelectMany(c => c.Numbers).Distinct().Count());
    }

    [Fact]
    public void Ingest_computes_them_behind_the_declared_fields_and_decodes_what_they_read()
    {
        DefinitionsModel model = Bind(Text);
        IngestPlan plan = Compile(Text).Sources[1];
        Assert.Equal([4, 5, 6, 7], plan.Routes[0].Columns.Select(c => c.Field));
        Assert.Equal(4, plan.Expressions.Count);
        Assert.Equal(
            ["id", "price", "quantity"],
            PlanCompiler.DecoderOptionsOf(model, model.Source("a")).Fields.Where(f => f.IsNeeded).Select(f => f.Name));
    }

    [Fact]
    public void State_shape_and_stored_text_hold_the_canonical_text_and_another_spelling_changes_nothing()
    {
        DefinitionsModel model = Bind(Text);
        DefinitionsAssignment first = DefinitionsCatalog.Assign(model, null, 5);
        Assert.Contains(first.Snapshot.Numbers, n => n.Shape.Contains("=(\\\"price\\\" * \\\"quantity\\\"):double", StringComparison.Ordinal));
        Assert.False(DefinitionsCatalog.Assign(Bind(first.Snapshot.Text), first.Snapshot, 6).HasChanges);
        string spelled = Text.Replace("\"price * quantity\"", "\" price*(quantity) \"", StringComparison.Ordinal);
        Assert.False(DefinitionsCatalog.Assign(Bind(spelled), first.Snapshot, 6).HasChanges);

        string other = Text.Replace("\"price * quantity\"", "\"price * quantity + 1\"", StringComparison.Ordinal);
        DefinitionsChange change = Assert.Single(
            DefinitionsCatalog.Assign(Bind(other), first.Snapshot, 6).Changes, c => c.Change == DefinitionsChangeKind.Reset);
        Assert.Equal("g.revenue", change.Name);
    }

    [Fact]
    public void Field_of_two_types_is_refused_inside_an_expression_too()
    {
        string text = Text.Replace("tax = double }", "tax = double, quantity = double }", StringComparison.Ordinal);
        IReadOnlyList<ConfigError> mistakes = Assert.Throws<ConfigException>(() => Bind(text)).Errors;
        Assert.Contains(mistakes, m => m.ToString().StartsWith("d.conf:10:35: field 'quantity' is long in source a and double in source b", StringComparison.Ordinal));
    }

    [Fact]
    public void Field_whose_name_is_no_word_needs_no_quotes_and_a_quoted_one_is_that_field()
    {
        const string Features = "a { type = sum, of = \"n-1\", windows = [1h] }, b { type = sum, of = \"\\\"n-1\\\"\", windows = [1h] }";
        string text = Samples.Group(Features).Replace("v = double", "v = double, \"n-1\" = long", StringComparison.Ordinal);
        Assert.Equal(["n-1"], Samples.Bind(text).Entities[0].Columns.Select(c => c.Name));
    }

    private static DefinitionsModel Bind(string text) =>
        DefinitionsBinder.Bind(HoconParser.ParseText(text, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));

    private static DefinitionsPlan Compile(string text)
    {
        DefinitionsModel model = Bind(text);
        return PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
    }
}
