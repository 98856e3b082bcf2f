using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class DefinitionsDocumentTests
{
    private static readonly FeatureTypeRegistry BuiltIn = new(BuiltInFeatureTypes.All);

    [Fact]
    public void Example_of_the_document_binds_with_the_built_in_types()
    {
        string text = Document();
        int start = text.IndexOf("```hocon\n", StringComparison.Ordinal) + "```hocon\n".Length;
        string example = text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(example, "definitions.md"), BuiltIn);
        Assert.Equal(6, model.Groups[0].Features.Count);
        Assert.Equal(new EventIdDefinition("order_id", 3_600_000, 1000), model.Sources[0].EventId);
    }

    [Fact]
    public void Every_type_stands_in_the_document()
    {
        string text = Document();
        Assert.All(BuiltIn.Names, name => Assert.Contains($"`{name}`", text, StringComparison.Ordinal));
    }

    private static string Document() => Repository.Read(Path.Combine("docs", "definitions.md"));
}
