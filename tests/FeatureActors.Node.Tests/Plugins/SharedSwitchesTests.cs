using System.Collections.Concurrent;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Node.Hosting.Plugins;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Node.Tests.Plugins;

/// <summary>Nodes that share a store agree on what of the plug-ins is off.</summary>
public sealed class SharedSwitchesTests : IDisposable
{
    private readonly Store _store = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("switches-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_fails_at_one_node_is_off_at_the_other_and_a_command_at_any_switches_it_on_at_both()
    {
        (Node one, SharedSwitches first) = Make("one");
        (Node two, SharedSwitches second) = Make("two");
        one.Off["day.unruly"] = "a call did not return";

        await LookAsync(first, second);
        Assert.Equal("a call did not return", two.Off["day.unruly"]);

        two.Off.TryRemove("day.unruly", out _);
        await LookAsync(second, first);
        Assert.Empty(_store.Off);
        Assert.Empty(one.Off);

        await LookAsync(first, second, first);
        Assert.Empty(one.Off.Keys.Concat(two.Off.Keys).Concat(_store.Off.Keys));
    }

    [Fact]
    public async Task What_is_off_in_the_store_and_nothing_of_this_node_stays_there()
    {
        _store.Off["other.part"] = "of a plug-in that is not loaded here";
        (Node node, SharedSwitches switches) = Make("one");
        await LookAsync(switches, switches, switches);
        Assert.Single(_store.Off);
        Assert.Empty(node.Off);
    }

    [Fact]
    public async Task What_fails_again_before_the_next_look_stays_off()
    {
        (Node node, SharedSwitches switches) = Make("one");
        node.Off["day.unruly"] = "first";
        await LookAsync(switches);
        node.Off["day.unruly"] = "second";
        await LookAsync(switches, switches);
        Assert.Equal("first", _store.Off["day.unruly"]);
        Assert.Single(node.Off);
    }

    [Fact]
    public async Task The_file_keeps_what_the_store_does_not_know_so_that_a_restart_does_not_call_it()
    {
        (Node node, SharedSwitches switches) = Make("one");
        _store.IsAway = true;
        node.Off["day.unruly"] = "hung";
        switches.Note(node.Off);
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => LookAsync(switches));
        Assert.Equal("hung", FileOf("one").Read()["day.unruly"]);

        _store.IsAway = false;
        await LookAsync(switches);
        Assert.Equal("hung", _store.Off["day.unruly"]);
        Assert.Empty(FileOf("one").Read());
    }

    [Fact]
    public async Task A_node_looks_by_itself_and_tells_the_last_when_it_ends()
    {
        (Node node, SharedSwitches switches) = Make("one");
        _store.Off["day.unruly"] = "elsewhere";
        switches.Start();
        await node.Switched.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Single(node.Off);

        node.Off["geohash"] = "threw";
        await switches.DisposeAsync();
        Assert.Equal(2, _store.Off.Count);
    }

    private static async Task LookAsync(params SharedSwitches[] nodes)
    {
        foreach (SharedSwitches node in nodes)
        {
            await node.LookAsync(CancellationToken.None);
        }
    }

    private (Node Node, SharedSwitches Switches) Make(string name)
    {
        var node = new Node();
        return (node, new SharedSwitches(_store, FileOf(name), node, TimeProvider.System, NullLogger.Instance));
    }

    private SwitchedOffFile FileOf(string node) => new(Directory.CreateDirectory(Path.Combine(_folder, node)).FullName, NullLogger.Instance);

    private sealed class Node : ISwitchedNode
    {
        public ConcurrentDictionary<string, string> Off { get; } = new(StringComparer.Ordinal);

        public TaskCompletionSource Switched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyDictionary<string, string> PluginsOff => new Dictionary<string, string>(Off);

        public Task SwitchPluginAsync(string part, bool isOn, string reason, CancellationToken cancellationToken)
        {
            if (isOn)
            {
                Off.TryRemove(part, out _);
            }
            else if (part != "other.part")
            {
                Off[part] = reason;
            }

            Switched.TrySetResult();
            return Task.CompletedTask;
        }
    }

    private sealed class Store : IPluginSwitches
    {
        public ConcurrentDictionary<string, string> Off { get; } = new(StringComparer.Ordinal);

        public bool IsAway { get; set; }

        public ValueTask<IReadOnlyDictionary<string, string>> ReadAsync(CancellationToken cancellationToken) => IsAway
            ? throw new DependencyUnavailableException("store", "away")
            : ValueTask.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>(Off));

        public ValueTask SwitchOffAsync(string part, string reason, CancellationToken cancellationToken)
        {
            Off.TryAdd(part, reason);
            return ValueTask.CompletedTask;
        }

        public ValueTask SwitchOnAsync(string part, CancellationToken cancellationToken)
        {
            Off.TryRemove(part, out _);
            return ValueTask.CompletedTask;
        }
    }
}
