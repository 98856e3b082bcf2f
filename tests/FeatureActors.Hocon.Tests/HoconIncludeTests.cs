using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Hocon.Tests;

public sealed class HoconIncludeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hocon-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("include \"b.conf\"")]
    [InlineData("include file(\"b.conf\")")]
    [InlineData("include required(\"b.conf\")")]
    [InlineData("include required( file( \"b.conf\" ) )")]
    [InlineData("include \"b\"")]
    public void A_file_is_included_in_every_spelling(string include)
    {
        Write("b.conf", "x = 1");
        Assert.Equal("""{"a":0,"x":1,"z":2}""", Parse($"a = 0\n{include}\nz = 2"));
    }

    [Fact]
    public void Keys_before_an_include_are_overridden_and_keys_behind_it_override()
    {
        Write("b.conf", "x = 1, y = 1, o { p = 1 }");
        Assert.Equal("""{"x":1,"o":{"q":0,"p":1},"y":2}""", Parse("x = 0, o { q = 0 }, include \"b.conf\", y = 2"));
    }

    [Fact]
    public void Substitutions_in_an_included_file_see_their_own_file_first_and_the_whole_tree_then()
    {
        Write("b.conf", "x = 10, y = ${x}, z = ${top}, w = ${o.top2}\nl += 1\nl += 2");
        Assert.Equal(
            """{"o":{"top2":6,"x":10,"y":10,"z":5,"w":6,"l":[1,2]},"x":1,"top":5}""",
            Parse("o { top2 = 6, include \"b.conf\" }\nx = 1\ntop = 5"));
    }

    [Fact]
    public void A_value_laid_over_the_included_object_reaches_its_substitutions()
    {
        Write("b.conf", "x = 10, y = ${x}");
        Assert.Equal("""{"o":{"x":42,"y":42}}""", Parse("o { include \"b.conf\" }\no.x = 42"));
    }

    [Fact]
    public void Nested_includes_are_found_beside_the_including_file_and_see_every_level()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "sub"));
        Write("sub/b.conf", "m = 2, c { include \"c.conf\" }");
        Write("sub/c.conf", "i = 3, s = [${i}, ${m}, ${r}]");
        Assert.Equal("""{"r":1,"b":{"m":2,"c":{"i":3,"s":[3,2,1]}}}""", Parse("r = 1, b { include \"sub/b.conf\" }"));
    }

    [Fact]
    public void A_missing_file_is_skipped_unless_it_is_required()
    {
        Assert.Equal("""{"a":1}""", Parse("include \"no.conf\"\ninclude \"no\"\na = 1"));
        string path = Path.Combine(_folder, "no.conf");
        Assert.Equal(
            [$"main.conf:1:18: could not read {path}: the file does not exist"], Errors("include required(\"no.conf\")"));
        Assert.StartsWith("main.conf:1:18: could not read", Assert.Single(Errors("include required(\"no\")")), StringComparison.Ordinal);
    }

    [Fact]
    public void Include_cycles_are_errors_that_name_the_circle()
    {
        Write("b.conf", "include \"c.conf\"");
        Write("c.conf", "x = 1\n  include \"b.conf\"");
        Assert.Equal(
            ["c.conf:2:11: include cycle: b.conf → c.conf → b.conf (remove one of these includes)"],
            Errors("include \"b.conf\""));
    }

    [Fact]
    public void Includes_that_multiply_are_stopped()
    {
        for (int i = 0; i < 30; i++)
        {
            Write($"f{i}.conf", $"include \"f{i + 1}.conf\"\ninclude \"f{i + 1}.conf\"");
        }

        Assert.Contains("more than 200 files", Assert.Single(Errors("include \"f0.conf\"")), StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_in_included_files_are_reported_with_their_file_together_with_all_others()
    {
        Write("b.conf", "x = 1\ny = @");
        Assert.Equal(["b.conf:2:5", "main.conf:2:5"], Errors("include \"b.conf\"\nz = ?").Select(e => e[..e.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void A_substitution_in_a_file_included_inside_an_array_is_refused()
    {
        Write("b.conf", "x = ${y}");
        Assert.Contains("inside an array", Assert.Single(Errors("a = [{ include \"b.conf\" }], y = 1")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_utf8_is_an_error_at_its_first_bad_byte()
    {
        string path = Path.Combine(_folder, "bad.conf");
        File.WriteAllBytes(path, [(byte)'a', (byte)'=', (byte)'1', (byte)'\n', (byte)'b', (byte)'=', 0xFF]);
        ConfigError error = Assert.Single(Assert.Throws<ConfigException>(() => HoconParser.ParseFile(path)).Errors);
        Assert.Equal((2, 3), (error.Position.Line, error.Position.Column));
    }

    [Fact]
    public void A_file_that_is_absent_too_large_or_a_folder_is_an_error_that_says_so()
    {
        string path = Path.Combine(_folder, "large.conf");
        File.WriteAllText(path, "a = \"0123456789\"");
        string Error(string file, int max) => Assert.Single(Assert.Throws<ConfigException>(
            () => HoconParser.ParseFile(file, new HoconOptions { FileBytesMax = max })).Errors).Message;
        Assert.EndsWith("larger than 15 bytes", Error(path, 15), StringComparison.Ordinal);
        Assert.EndsWith("it is a directory", Error(_folder, 15), StringComparison.Ordinal);
        Assert.EndsWith("does not exist", Error(Path.Combine(_folder, "none.conf"), 15), StringComparison.Ordinal);
        HoconParser.ParseFile(path, new HoconOptions { FileBytesMax = 16 });
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private string Parse(string text) =>
        Hocon.Json(HoconParser.ParseText(text, Path.Combine(_folder, "main.conf"), Hocon.NoEnvironment));

    private string[] Errors(string text) =>
        [.. Assert.Throws<ConfigException>(() => Parse(text)).Errors
            .Select(e => (e with { Position = e.Position with { File = Path.GetFileName(e.Position.File) } }).ToString())];
}
