using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Tests;

public sealed class HoconSyntaxTests
{
    [Theory]
    [InlineData("", "{}")]
    [InlineData("# only a comment", "{}")]
    [InlineData("{}", "{}")]
    [InlineData("a=1", """{"a":1}""")]
    [InlineData("a : 1, b = 2,", """{"a":1,"b":2}""")]
    [InlineData("a = 1 # c\nb = 2 // d", """{"a":1,"b":2}""")]
    [InlineData("a { b = 1 }", """{"a":{"b":1}}""")]
    [InlineData("a\n{ b = 1 }", """{"a":{"b":1}}""")]
    [InlineData("a =\n\n  1", """{"a":1}""")]
    [InlineData("a.b.c = 1\na.b.d = 2", """{"a":{"b":{"c":1,"d":2}}}""")]
    [InlineData("a.\"b.c\".d = 1", """{"a":{"b.c":{"d":1}}}""")]
    [InlineData("a b c : 42", """{"a b c":42}""")]
    [InlineData("3.14 : 42", """{"3":{"14":42}}""")]
    [InlineData("10.0foo : 42", """{"10":{"0foo":42}}""")]
    [InlineData("foo\"bar\" = 1", """{"foobar":1}""")]
    [InlineData("\"\" = 1", """{"":1}""")]
    [InlineData("true = 1", """{"true":1}""")]
    [InlineData("includes = 1", """{"includes":1}""")]
    [InlineData("a = [1, 2, 3]", """{"a":[1,2,3]}""")]
    [InlineData("a = [1\n2\n3,\n]", """{"a":[1,2,3]}""")]
    [InlineData("a = [\n# x\n1 // y\n\n2]", """{"a":[1,2]}""")]
    [InlineData("a = []", """{"a":[]}""")]
    [InlineData("a = null", """{"a":null}""")]
    [InlineData("a = \"null\"", """{"a":"null"}""")]
    [InlineData("a = foo bar  baz  ", """{"a":"foo bar  baz"}""")]
    [InlineData("a = foo \"bar\"  baz", """{"a":"foo bar  baz"}""")]
    [InlineData("a = 1 null", """{"a":"1 null"}""")]
    [InlineData("a = 10 s", """{"a":"10 s"}""")]
    [InlineData("a = a/b", """{"a":"a/b"}""")]
    [InlineData("a = \"x\\n\\t\\\"\\\\\\/\\u0041\"", """{"a":"x\n\t\u0022\\/A"}""")]
    [InlineData("a = \"\"\"x\\n\"y\"\"\"\"", """{"a":"x\\n\u0022y\u0022"}""")]
    [InlineData("a = \"\"\"l1\nl2\"\"\", b = 1", """{"a":"l1\nl2","b":1}""")]
    [InlineData("a = \"\"", """{"a":""}""")]
    [InlineData("a = [1] [2]\nb = { x = 1 } { y = 2 }", """{"a":[1,2],"b":{"x":1,"y":2}}""")]
    [InlineData("a = [[1] [2], { b = 1 } { c = 2 }]", """{"a":[[1,2],{"b":1,"c":2}]}""")]
    [InlineData("a += 1, a += 2", """{"a":[1,2]}""")]
    [InlineData("a = [0]\na += [1]", """{"a":[0,[1]]}""")]
    [InlineData("b { a += 1, a += 2 }", """{"b":{"a":[1,2]}}""")]
    [InlineData("a = 1\na = 2", """{"a":2}""")]
    [InlineData("a { x = 1, y = 2 }\na { y = 3, z = 4 }", """{"a":{"x":1,"y":3,"z":4}}""")]
    [InlineData("a { x = 1 }\na = 5\na { y = 2 }", """{"a":{"y":2}}""")]
    [InlineData("a { x = 1 }\na = null\na { y = 2 }", """{"a":{"y":2}}""")]
    [InlineData("\uFEFFa = 1", """{"a":1}""")]
    [InlineData("a\u00A0=\u00A01\r\nb = 2\r\n", """{"a":1,"b":2}""")]
    [InlineData("where = \"action IN ('purchase', 'cancel')\"", """{"where":"action IN (\u0027purchase\u0027, \u0027cancel\u0027)"}""")]
    public void Text_reads_as_the_specification_says(string text, string expected) => Assert.Equal(expected, Hocon.Json(text));

    [Theory]
    [InlineData("a = ${b", "t.conf:1:5: this substitution is never closed (write ${path} or ${?path})")]
    [InlineData("a = ${}", "t.conf:1:7: a substitution needs a path (write ${path} or ${?path})")]
    [InlineData("a {", "t.conf:1:3: this brace is never closed (close it with })")]
    [InlineData("\n a = [1, 2", "t.conf:2:6: this bracket is never closed (close it with ])")]
    [InlineData("a = \"x", "t.conf:1:5: this quote is never closed (close it on the same line, or use \"\"\" for several lines)")]
    [InlineData("a = \"\"\"x", "t.conf:1:5: these triple quotes are never closed (close them with \"\"\")")]
    [InlineData("a = \"x\\q\"", "t.conf:1:7: '\\q' is no escape sequence (write \\\\ for a backslash, or use \"\"\" where nothing is escaped)")]
    [InlineData("a = \"\\u12g4\"", "t.conf:1:6: \\u needs four hexadecimal digits")]
    [InlineData("a = 1 }", "t.conf:1:7: '}' closes nothing")]
    [InlineData("a = 1,,b = 2", "t.conf:1:7: a comma needs a field before it")]
    [InlineData(",a = 1", "t.conf:1:1: a comma needs a field before it")]
    [InlineData("a = [,1]", "t.conf:1:6: a comma needs an item before it")]
    [InlineData("a = [1,,2]", "t.conf:1:8: a comma needs an item before it")]
    [InlineData("a..b = 1", "t.conf:1:3: a path element is empty (write \"\" for an empty key)")]
    [InlineData(".a = 1", "t.conf:1:1: a path element is empty (write \"\" for an empty key)")]
    [InlineData("a. = 1", "t.conf:1:4: a path must not end in a dot (write \"\" for an empty key)")]
    [InlineData("= 1", "t.conf:1:1: '=' is not allowed in a key (put the key in double quotes)")]
    [InlineData("a", "t.conf:1:1: 'a' has no value (write key = value)")]
    [InlineData("a = ", "t.conf:1:3: 'a' has no value (write a value, or \"\")")]
    [InlineData("a =\nb = 1", "t.conf:1:3: 'a' has no value (write a value behind it on the same line, or \"\")")]
    [InlineData("a = x@y", "t.conf:1:6: '@' is not allowed here (put the text in double quotes)")]
    [InlineData("a = redis:6379", "t.conf:1:10: ':' is not allowed here (put the text in double quotes)")]
    [InlineData("[1]", "t.conf:1:1: the outermost value must be an object, not an array")]
    [InlineData("{} a", "t.conf:1:4: nothing may follow the closing brace of the outermost object")]
    [InlineData("include url(\"http://x\")", "t.conf:1:9: include url(…) is not supported (only files can be included: include file(\"…\"))")]
    [InlineData("include classpath(\"x\")", "t.conf:1:9: include classpath(…) is not supported (only files can be included: include file(\"…\"))")]
    [InlineData("include required(package(\"x\", \"y\"))", "t.conf:1:18: include package(…) is not supported (only files can be included: include file(\"…\"))")]
    [InlineData("include \"http://x/y.conf\"", "t.conf:1:9: include of a URL is not supported (only files can be included: include file(\"…\"))")]
    [InlineData("include \"x.properties\"", "t.conf:1:9: include of a .properties file is not supported (only HOCON and JSON files can be included)")]
    [InlineData("include = 1", "t.conf:1:1: include needs a file name in double quotes (put the key in double quotes: \"include\")")]
    [InlineData("include required(\"x\"", "t.conf:1:21: a closing parenthesis is missing (write include \"file\", include file(\"file\") or include required(file(\"file\")))")]
    [InlineData("a = [{ b += 1 }]", "t.conf:1:10: += cannot be used inside an array (write the whole array)")]
    [InlineData("a = x {}", "t.conf:1:5: a text and an object cannot be joined (put a comma or a new line between them, or the text in double quotes)")]
    [InlineData("a = [1] { b = 1 }", "t.conf:1:9: an array and an object cannot be joined (only an object with numeric keys counts as an array)")]
    public void Every_mistake_is_reported_where_it_stands(string text, string expected) =>
        Assert.Equal([expected], Hocon.Errors(text));

    [Fact]
    public void All_mistakes_of_a_file_are_reported_at_once()
    {
        string[] errors = Hocon.Errors("a = @\nb = ${a}\nc { d = [1, ?, 2], e = ${no.such} }\n\"x = 1\nf = \"\\z\"");
        Assert.Equal(
            ["t.conf:1:5", "t.conf:3:13", "t.conf:4:1", "t.conf:5:6"],
            errors.Select(error => error[..error.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void Positions_point_at_keys_values_and_the_first_character_of_texts()
    {
        ConfigObject root = Hocon.Parse("\n  sources.s {\n    topic = \"p\"\n    w = \"\"\"q\"\"\" # c\n    l = [ 1,\n   two words ]\n  }");
        ConfigField sources = root.Find("sources")!;
        Assert.Equal(("2:3", "2:11"), (At(sources.KeyPosition), At(sources.Value.Position)));
        ConfigField s = ((ConfigObject)sources.Value).Find("s")!;
        Assert.Equal(("2:11", "2:13"), (At(s.KeyPosition), At(s.Value.Position)));
        var inner = (ConfigObject)s.Value;
        var topic = (ConfigScalar)inner.Find("topic")!.Value;
        Assert.Equal(("3:5", "3:13", "3:14"), (At(inner.Find("topic")!.KeyPosition), At(topic.Position), At(topic.TextPosition)));
        var triple = (ConfigScalar)inner.Find("w")!.Value;
        Assert.Equal(("4:9", "4:12"), (At(triple.Position), At(triple.TextPosition)));
        var list = (ConfigArray)inner.Find("l")!.Value;
        Assert.Equal(("5:9", "5:11", "6:4"), (At(list.Position), At(list.Items[0].Position), At(list.Items[1].Position)));

        static string At(ConfigPosition position) => $"{position.Line}:{position.Column}";
    }

    [Fact]
    public void Quoted_and_unquoted_texts_can_be_told_apart()
    {
        ConfigObject root = Hocon.Parse("a = \"7\", b = 7");
        Assert.True(((ConfigScalar)root.Find("a")!.Value).IsQuoted);
        Assert.False(((ConfigScalar)root.Find("b")!.Value).IsQuoted);
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{ a = ", "}")]
    [InlineData("a.", "a")]
    public void Nesting_over_the_bound_is_an_error_and_no_stack_overflow(string open, string close)
    {
        string prefix = open == "a." ? "" : "x = ";
        string hostile = prefix + string.Concat(Enumerable.Repeat(open, 200_000)) + close;
        Assert.Contains("deeper than 64 levels", Hocon.Errors(hostile)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_up_to_the_bound_is_accepted()
    {
        string Arrays(int n) => $"a = {new string('[', n)}{new string(']', n)}";
        Hocon.Parse(Arrays(64));
        Assert.Single(Hocon.Errors(Arrays(65)));
    }

    [Fact]
    public void A_text_over_the_size_bound_is_refused()
    {
        var options = new HoconOptions { FileBytesMax = 10 };
        Hocon.Parse("a = 345678", options);
        Assert.Single(Hocon.Errors("a = 3456789", options));
    }
}
