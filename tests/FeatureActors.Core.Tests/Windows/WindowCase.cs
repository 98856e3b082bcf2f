using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Slots;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Windows;

/// <summary>Columns of a row in the order of a plan.</summary>
internal sealed record WindowRow(RowCell[] Cells, byte[] Bytes);

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
    public bool Apply(long eventTimeMs, long nowMs, string? k, long? n) => Apply(RowOf(k, n), eventTimeMs, nowMs);

    /// <summary>Applies the columns of a row at another event time.</summary>
    public bool Apply(WindowRow row, long eventTimeMs, long nowMs)
    {
        var head = new RowHead(0, 0, 1, eventTimeMs, eventTimeMs, 1UL << Plan.Groups[0].Number, 0, 0, 0, 0, 0);
        var view = new RowView(row.Cells, row.Bytes, eventTimeMs, eventTimeMs, 1);
        ulong taken = _updater.Apply(head, view, nowMs);
        if (_updater.Faults.Count > 0)
        {
            throw _updater.Faults[0].Error;
        }

        return taken != 0;
    }

    /// <summary>A row with the columns of the plan.</summary>
    public WindowRow RowOf(string? k, long? n)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(k ?? "");
        return new WindowRow(
            [.. Plan.Columns.Select(c => c.Name == "k"
                ? new RowCell { IsPresent = k is not null, Length = bytes.Length }
                : new RowCell { IsPresent = n is not null, Bits = n ?? 0 })],
            bytes);
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
