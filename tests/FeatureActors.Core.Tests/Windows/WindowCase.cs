using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Slots;
using FeatureActors.Hocon;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Windows;

/// <summary>One entity with one group <c>g</c> of the given features over rows (k string, n long), driven by hand.</summary>
internal sealed class WindowCase
{
    private readonly EntityLayout _layout;
    private EntityBlock _block;
    private EntityUpdater _updater;
    private GroupEvaluator _evaluator;

    public WindowCase(string features, string body = "", string top = "", DefinitionsSnapshot? previous = null, long sinceMs = 0)
    {
        string text =
            $$"""
            namespace = shop
            {{top}}
            sources.s { event-time { field = ts, unit = ms }, fields { id = string, ts = long, k = string, n = long } }
            entities.e { key = [string] }
            groups.g { entity = e, source = s, key = id
              features { {{features}} }
              {{body}}
            }
            """;
        Model = DefinitionsBinder.Bind(HoconParser.ParseText(text, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        Plan = PlanCompiler.Compile(Model, DefinitionsCatalog.Assign(Model, previous, sinceMs).Snapshot).Entities[0];
        _layout = new EntityLayout(Plan);
        _block = new EntityBlock(_layout, new ArrayBlockMemory());
        _block.Create("k"u8);
        _updater = new EntityUpdater(_layout, _block);
        _evaluator = new GroupEvaluator(_layout, _block);
    }

    public DefinitionsModel Model { get; }

    public EntityPlan Plan { get; }

    public GroupValues Values { get; } = new();

    public EntityBlock Block => _block;

    /// <summary>Applies a row at time <paramref name="nowMs"/>; false when it was beyond retention.</summary>
    public bool Apply(long eventTimeMs, long nowMs, string? k, long? n)
    {
        var head = new RowHead(0, 0, 1, eventTimeMs, eventTimeMs, 1UL << Plan.Groups[0].Number, 0, 0, 0, 0, 0);
        object?[] values = [.. Plan.Columns.Select(c => c.Name == "k" ? k : (object?)n)];
        ulong taken = _updater.Apply(head, new SampleRow(eventTimeMs, values).View, nowMs);
        Assert.Empty(_updater.Faults);
        return taken != 0;
    }

    public void Evaluate(long nowMs) => _evaluator.Evaluate(0, nowMs, Values);

    /// <summary>Text of a field after <see cref="Evaluate"/>; empty when absent.</summary>
    public string Text(string field) => Encoding.UTF8.GetString(Values.Text(IndexOf(field)));

    public int IndexOf(string field) =>
        Plan.Groups[0].Fields.Select(static (f, i) => (f.Name, i)).Single(f => f.Name == field).i;

    /// <summary>Saves the block and goes on with what was loaded.</summary>
    public void Reload()
    {
        byte[] saved = new byte[_block.SavedBytesMax];
        int length = _block.Save(saved);
        _block = new EntityBlock(_layout, new ArrayBlockMemory());
        _block.Load(saved.AsSpan(0, length));
        _updater = new EntityUpdater(_layout, _block);
        _evaluator = new GroupEvaluator(_layout, _block);
    }
}
