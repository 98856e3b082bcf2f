using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using FeatureActors.Node.Commands;
using FeatureActors.Node.Hosting.Plugins;

namespace FeatureActors.Node.Tests.Plugins;

public sealed class PluginLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fa-plugins-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_plug_in_brings_its_types_and_functions_under_their_names()
    {
        PluginFiles.PutTally(_folder);

        LoadedPlugin plugin = Assert.Single(PluginSet.Load(_folder).Plugins);

        Assert.Equal(["type custom:tally", "function twice"], plugin.Contents);
    }

    [Fact]
    public void A_loaded_file_can_be_replaced_and_removed()
    {
        PluginFiles.PutTally(_folder);
        _ = PluginSet.Load(_folder);

        using (FileStream file = File.Open(Path.Combine(_folder, "tally", "tally.dll"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.True(file.Length > 0);
        }
    }

    [Fact]
    public void A_folder_that_does_not_exist_has_no_plug_ins() => Assert.Empty(PluginSet.Load(Path.Combine(_folder, "none")).Plugins);

    [Fact]
    public void A_folder_without_its_assembly_is_refused_with_the_name_it_should_have()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "geo"));

        Assert.Contains("plug-in 'geo' has no geo.dll in", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_constructor_that_throws_is_named_with_what_it_threw()
    {
        PluginFiles.Put("FeatureActors.BrokenPlugin", "broken", _folder);

        string refusal = Refusal();

        Assert.Contains("plug-in 'broken': the constructor of FeatureActors.BrokenPlugin.BrokenFeatureType threw", refusal, StringComparison.Ordinal);
        Assert.Contains("told to throw", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_plug_ins_of_the_same_type_are_refused_with_both_names()
    {
        PluginFiles.PutTally(_folder);
        PluginFiles.Put("FeatureActors.TallyPlugin", "tally", _folder, "tally2");

        Assert.Equal("plug-in 'tally2' brings type custom:tally, which plug-in 'tally' has already: rename one of them", Refusal());
    }

    [Fact]
    public void A_plug_in_built_against_another_release_of_the_abstractions_is_refused_with_both_versions()
    {
        PluginFiles.PutTally(_folder);
        RaiseAbstractions(Path.Combine(_folder, "tally", "tally.dll"));

        Assert.Contains("plug-in 'tally' was built against FeatureActors.Abstractions 9.0.0.0, this node has 1.0.0.0", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_assembly_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "text"));
        File.WriteAllText(Path.Combine(_folder, "text", "text.dll"), "not an assembly");

        Assert.Equal("plug-in 'text': text.dll is no .NET assembly", Refusal());
    }

    [Fact]
    public void A_link_that_leads_out_of_the_folder_is_refused()
    {
        string outside = Directory.CreateTempSubdirectory("fa-outside-").FullName;
        try
        {
            PluginFiles.PutTally(outside);
            Directory.CreateSymbolicLink(Path.Combine(_folder, "tally"), Path.Combine(outside, "tally"));

            Assert.Contains("is a link that leads out of", Refusal(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
    }

    [Fact]
    public void A_plug_in_that_is_let_go_leaves_memory()
    {
        PluginFiles.PutTally(_folder);
        WeakReference assembly = LoadAndLetGo();

        Collect(assembly);

        Assert.False(assembly.IsAlive);
    }

    internal static void Collect(WeakReference reference)
    {
        for (int i = 0; i < 20 && reference.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private WeakReference LoadAndLetGo()
    {
        LoadedPlugin plugin = Assert.Single(PluginSet.Load(_folder).Plugins);
        plugin.Unload();
        return plugin.Context;
    }

    // The reference's version stands in the metadata as four numbers of two bytes.
    private static void RaiseAbstractions(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        using var file = new PEReader(new MemoryStream(bytes));
        MetadataReader metadata = file.GetMetadataReader();
        AssemblyReferenceHandle handle = metadata.AssemblyReferences.Single(
            h => metadata.GetString(metadata.GetAssemblyReference(h).Name) == "FeatureActors.Abstractions");
        int row = metadata.GetTableMetadataOffset(TableIndex.AssemblyRef)
            + ((MetadataTokens.GetRowNumber(handle) - 1) * metadata.GetTableRowSize(TableIndex.AssemblyRef));
        bytes[file.PEHeaders.MetadataStartOffset + row] = 9;
        File.WriteAllBytes(path, bytes);
    }

    private string Refusal() => Assert.Throws<UsageException>(() => PluginSet.Load(_folder)).Message;
}
