using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Tests;

public sealed class HoconSubstitutionTests
{
    [Theory]
    [InlineData("a = 1, b = ${a}", """{"a":1,"b":1}""")]
    [InlineData("b = ${a}, a = 1, a = 2", """{"b":2,"a":2}""")]
    [InlineData("a.b = x, c = ${a.b}/y ${a.b}", """{"a":{"b":"x"},"c":"x/y x"}""")]
    [InlineData("c = ${\"a.b\"}, \"a.b\" = 1", """{"c":1,"a.b":1}""")]
    [InlineData("a = ${?no}", "{}")]
    [InlineData("a = 1, a = ${?no}", """{"a":1}""")]
    [InlineData("a = x${?no}y", """{"a":"xy"}""")]
    [InlineData("a = ${?no}${?nope}", "{}")]
    [InlineData("a = ${?no} [1]", """{"a":[1]}""")]
    [InlineData("a = [1, ${?no}, 2]", """{"a":[1,2]}""")]
    [InlineData("a = ${no}, a = 1", """{"a":1}""")]
    [InlineData("a = null, b = ${a}", """{"a":null,"b":null}""")]
    [InlineData("path = [a], path = ${path} [b]", """{"path":["a","b"]}""")]
    [InlineData("path = a, path = ${path}\":b\", path = ${path}\":c\"", """{"path":"a:b:c"}""")]
    [InlineData("a = ${?a}foo", """{"a":"foo"}""")]
    [InlineData("bar { foo = 42, baz = ${bar.foo} }", """{"bar":{"foo":42,"baz":42}}""")]
    [InlineData("bar { foo = 42, baz = ${bar.foo} }, bar { foo = 43 }", """{"bar":{"foo":43,"baz":43}}""")]
    [InlineData("bar { a = ${foo.d}, b = 1 }, bar.b = 3, foo { c = ${bar.b}, d = 2 }, foo.d = 4", """{"bar":{"a":4,"b":3},"foo":{"c":3,"d":4}}""")]
    [InlineData("foo { a { c = 1 } }, foo = ${foo.a}, foo { a = 2 }", """{"foo":{"a":2,"c":1}}""")]
    [InlineData("base { x = 1, y = 2 }, a = ${base} { y = 3, z = ${a.x} }", """{"base":{"x":1,"y":2},"a":{"x":1,"y":3,"z":1}}""")]
    [InlineData("a = ${b}, b { x = ${a.y}, y = 1 }", """{"a":{"x":1,"y":1},"b":{"x":1,"y":1}}""")]
    [InlineData("base { y = ${foo.z}, z = 1 }, foo = ${base}, foo { z = 2 }", """{"base":{"y":2,"z":1},"foo":{"y":2,"z":2}}""")]
    [InlineData("a = ${b} { x = 1 }, b = ${?a} { y = 1 }", """{"a":{"y":1,"x":1},"b":{"x":1,"y":1}}""")]
    [InlineData("a = [1], b = ${a} ${a} [2]", """{"a":[1],"b":[1,1,2]}""")]
    [InlineData("a { 1 = y, 0 = x }, b = [w] ${a}", """{"a":{"1":"y","0":"x"},"b":["w","x","y"]}""")]
    [InlineData("a { x = 1 }, b = ${a}, b.x = 2, b.y = 3", """{"a":{"x":1},"b":{"x":2,"y":3}}""")]
    [InlineData("a { x = 1 }, b { x = 0, z = 9 }, b = ${a}", """{"a":{"x":1},"b":{"x":1,"z":9}}""")]
    [InlineData("a = 1, b { a = 2, c = ${a} }", """{"a":1,"b":{"a":2,"c":1}}""")]
    [InlineData("a = [{ b = ${c} }], c = 5", """{"a":[{"b":5}],"c":5}""")]
    [InlineData("a = ${d} x\nd = 7", """{"a":"7 x","d":7}""")]
    public void Substitutions_resolve_as_the_specification_says(string text, string expected) =>
        Assert.Equal(expected, Hocon.Json(text));

    [Theory]
    [InlineData("a = ${no.such}", "t.conf:1:5: ${no.such} is defined neither in the configuration nor in the environment (define it, or write ${?path} when it may be missing)")]
    [InlineData("a = x ${no}", "t.conf:1:7: ${no} is defined neither in the configuration nor in the environment (define it, or write ${?path} when it may be missing)")]
    [InlineData("a = ${a}", "t.conf:1:5: ${a} refers back to itself and there is no earlier value to take (break the cycle, or write ${?path} when it may be missing)")]
    [InlineData("a = 1, b = ${a.x}", "t.conf:1:12: ${a.x} is defined neither in the configuration nor in the environment (define it, or write ${?path} when it may be missing)")]
    [InlineData("x = text\na = ${x} { b = 1 }", "t.conf:2:5: a text and an object cannot be joined (put a comma or a new line between them, or the text in double quotes)")]
    public void A_substitution_that_cannot_be_resolved_is_an_error_at_its_dollar(string text, string expected) =>
        Assert.Equal([expected], Hocon.Errors(text));

    [Theory]
    [InlineData("bar = ${foo}\nfoo = ${bar}")]
    [InlineData("a = ${b}\nb = ${c}\nc = ${a}")]
    [InlineData("a = [${b}]\nb = [${a}]")]
    [InlineData("a { x = ${b} }\nb { x = ${a} }")]
    [InlineData("a = ${a.x}")]
    [InlineData("a.b = ${a}")]
    public void Cycles_are_errors(string text) => Assert.NotEmpty(Hocon.Errors(text));

    [Theory]
    [InlineData("a = 1, b = 2, a = ${b}, b = ${a}")]
    [InlineData("a = 1, b = 2, b = ${a}, a = ${b}")]
    public void Values_that_refer_to_each_other_agree_on_what_the_first_one_finds(string text) =>
        Assert.Equal("""{"a":1,"b":1}""", Hocon.Json(text));

    [Fact]
    public void Many_definitions_of_one_key_and_many_references_to_it_end_in_bounded_work()
    {
        string definitions = string.Join('\n', Enumerable.Repeat("a = ${?none}", 20_000));
        string references = string.Join('\n', Enumerable.Range(0, 20_000).Select(i => $"r{i} = ${{?a.x}}"));
        Assert.Equal("{}", Hocon.Json(definitions));
        Assert.Single(Hocon.Errors($"{definitions}\n{references}", new HoconOptions { Environment = _ => null, ResolvedValuesMax = 50_000 }));
    }

    [Fact]
    public void The_environment_is_asked_last_and_only_for_what_the_configuration_lacks()
    {
        var options = new HoconOptions { Environment = name => name is "HOME" or "a.b" or "x" or "p" ? $"env {name}" : null };
        Assert.Equal(
            """{"h":"env HOME","ab":"env a.b","x":1,"y":1,"p":["v"]}""",
            Hocon.Json("h = ${HOME}, ab = ${?a.b}, x = 1, y = ${x}, p += v", options));
    }

    [Fact]
    public void A_value_from_the_environment_stands_at_its_substitution()
    {
        var options = new HoconOptions { Environment = _ => "abc" };
        Assert.Equal(new ConfigPosition("t.conf", 1, 8), Hocon.Parse("port = ${PORT}", options).Find("port")!.Value.Position);
    }

    [Fact]
    public void A_layer_sees_the_values_laid_over_it_and_the_user_looks_back_into_the_layer()
    {
        HoconDocument reference = HoconParser.ReadText(
            "host = local\nurl = ${host}\":80\"\npath = [a]\nnode { x = 1, y = ${node.x} }", "reference.conf");
        var options = new HoconOptions { Environment = _ => null, Fallbacks = [reference] };
        const string User = "host = far\npath = ${path} [b]\nnode.x = 2";
        const string Expected = """{"host":"far","url":"far:80","path":["a","b"],"node":{"x":2,"y":2}}""";
        Assert.Equal(Expected, Hocon.Json(User, options));
        Assert.Equal(Expected, Hocon.Json(User, options));
    }

    [Fact]
    public void Stronger_layers_win_and_errors_name_the_file_that_gave_the_value()
    {
        HoconDocument strong = HoconParser.ReadText("a = 1, b = 1", "strong.conf");
        HoconDocument weak = HoconDocument.FromObject(Hocon.Parse("a = 2, b = 2, c = [{ d = 2 }]"));
        ConfigObject root = Hocon.Parse("a = 0", new HoconOptions { Fallbacks = [strong, weak] });
        Assert.Equal("""{"a":0,"b":1,"c":[{"d":2}]}""", Hocon.Json(root));
        Assert.Equal("strong.conf", root.Find("b")!.Value.Position.File);
        Assert.Equal("t.conf", root.Position.File);
    }

    [Fact]
    public void Text_that_grows_exponentially_is_refused()
    {
        string Grow(Func<int, string> step) => string.Join('\n', Enumerable.Range(1, 60).Select(step));
        var options = new HoconOptions { Environment = _ => null, ResolvedValuesMax = 10_000 };
        Assert.Single(Hocon.Errors("a0 = [1]\n" + Grow(i => $"a{i} = ${{a{i - 1}}} ${{a{i - 1}}}"), options));
        Assert.Single(Hocon.Errors("a0 = [1]\n" + Grow(i => $"a{i} = [${{a{i - 1}}}, ${{a{i - 1}}}]"), options));
        Assert.Single(Hocon.Errors("a0 = 0123456789\n" + Grow(i => $"a{i} = ${{a{i - 1}}}${{a{i - 1}}}"), options));
        Assert.Single(Hocon.Errors("a0 { x = 1 }\n" + Grow(i => $"a{i} {{ l = ${{a{i - 1}}}, r = ${{a{i - 1}}} }}"), options));
    }

    [Fact]
    public void Nesting_that_grows_through_substitutions_keeps_the_bound()
    {
        string Chain(int n) => "a0 { x = 1 }\n" + string.Join('\n', Enumerable.Range(1, n).Select(i => $"a{i} {{ x = ${{a{i - 1}}} }}"));
        Hocon.Parse(Chain(60));
        Assert.Contains("deeper than 64 levels", Assert.Single(Hocon.Errors(Chain(70))), StringComparison.Ordinal);
    }

    [Fact]
    public void Appending_many_times_works_and_a_chain_too_long_for_the_stack_is_an_error()
    {
        string Appends(int n) => string.Join('\n', Enumerable.Range(0, n).Select(i => $"a += {i}"));
        Assert.Equal(500, ((ConfigArray)Hocon.Parse(Appends(500)).Find("a")!.Value).Items.Count);
        Assert.Single(Hocon.Errors("a0 = 1\n" + string.Join('\n', Enumerable.Range(1, 50_000).Reverse().Select(i => $"a{i} = ${{a{i - 1}}}"))));
    }
}
