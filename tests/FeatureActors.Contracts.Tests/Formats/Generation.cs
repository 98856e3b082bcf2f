using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Formats;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Slots;
using FeatureActors.Hocon;

namespace FeatureActors.Contracts.Tests.Formats;

/// <summary>
/// Bytes that some release wrote, kept as hexadecimal text with the definitions they belong to and the values they mean:
/// a batch of rows as in the log, and the block of the entity after them. A release reads every generation; the newest is what it
/// writes. A change of bytes adds a generation: copy the newest folder, run the tests once with FA_GOLDEN=write, look at the difference.
/// </summary>
internal sealed class Generation
{
    private const string Folder = "tests/FeatureActors.Contracts.Tests/Formats/Golden";
    private const long Hour = 3_600_000;

    // 2023-11-14T22:00:00Z: an hour's boundary.
    private const long Start = 1_699_999_200_000;

    private readonly EntityPlan _plan;
    private readonly EntityLayout _layout;

    private Generation(int number)
    {
        Number = number;
        DefinitionsModel model = DefinitionsBinder.Bind(
            HoconParser.ParseText(Read("definitions.conf"), PathOf("definitions.conf")), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        _plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Entities[0];
        _layout = new EntityLayout(_plan);
    }

    public int Number { get; }

    public static IReadOnlyList<int> Numbers { get; } =
        [.. Directory.EnumerateDirectories(Path.Combine(Repository.Root, Folder)).Select(static d => int.Parse(Path.GetFileName(d), CultureInfo.InvariantCulture)).Order()];

    public static Generation Open(int number) => new(number);

    public byte[] Batch => Convert.FromHexString(Read("batch.hex").ReplaceLineEndings(""));

    public byte[] Block => Convert.FromHexString(Read("block.hex").ReplaceLineEndings(""));

    public string Values => Read("values.txt");

    public void Write(ReadOnlySpan<byte> batch, ReadOnlySpan<byte> block, string values)
    {
        File.WriteAllText(PathOf("batch.hex"), Lines(batch));
        File.WriteAllText(PathOf("block.hex"), Lines(block));
        File.WriteAllText(PathOf("values.txt"), values);
    }

    /// <summary>The batch as this release packs it.</summary>
    public byte[] PackBatch(byte format = StoredFormat.Default)
    {
        RowColumn[] columns = [.. _plan.Columns.Select(static (c, i) => new RowColumn(c.Numbers[0], i, c.Type))];
        var writer = new BatchWriter(format);
        writer.Begin("s", 100, Start, columns);
        for (int i = 0; i < 12; i++)
        {
            AddRow(writer, columns, i);
        }

        return writer.Complete(new BatchHeader(1, 2, "s", 3, 4, 100, 111, Start + (3 * Hour), false, Start)).ToArray();
    }

    /// <summary>The entity's block after the rows of a batch.</summary>
    public byte[] Apply(byte[] batch)
    {
        var block = NewBlock();
        block.Create("k"u8);
        var updater = new EntityUpdater(_layout, block);
        var reader = new BatchReader([.. _plan.Columns.Select(static c => c.Numbers)]);
        reader.Open(batch);
        int at = reader.FirstRow;
        for (int i = 0; i < reader.Count; i++)
        {
            RowHead head = reader.ReadHead(at);
            block.TryRemember(head.EventIdHash, head.EventTimeMs, long.MinValue, 100, out _);
            updater.Apply(head, reader.ReadColumns(head), Start);
            at = head.End;
        }

        return Save(block);
    }

    /// <summary>The block as this release writes it again, with another due time if one is given.</summary>
    public byte[] Rewrite(byte[] stored, byte format = StoredFormat.Default, long? nextDueMs = null)
    {
        EntityBlock block = NewBlock();
        block.Load(stored);
        if (nextDueMs is { } due)
        {
            block.SetGroup(0, block.Group(0) with { NextDueMs = due });
        }

        return Save(block, format);
    }

    /// <summary>Values of a block from the last row until everything has left, a line each.</summary>
    public string Evaluate(byte[] stored)
    {
        var text = new StringBuilder();
        EntityBlock block = NewBlock();
        block.Load(stored);
        var evaluator = new GroupEvaluator(_layout, block);
        var values = new GroupValues();
        foreach (long hours in (long[])[0, 2, 3, 4, 25, 24 * 8])
        {
            evaluator.Evaluate(0, Start + (hours * Hour), values);
            for (int i = 0; i < values.Count; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{hours}h {_plan.Groups[0].Fields[i].Name} {values.Fields[i].Quality} {Encoding.UTF8.GetString(values.Text(i))}\n");
            }
        }

        return text.ToString();
    }

    private EntityBlock NewBlock() => new(_layout, new ArrayBlockMemory());

    private static byte[] Save(EntityBlock block, byte format = StoredFormat.Default)
    {
        byte[] saved = new byte[block.SavedBytesMax];
        return saved[..block.Save(saved, format)];
    }

    private void AddRow(BatchWriter writer, RowColumn[] columns, int i)
    {
        var cells = new RowCell[columns.Length];
        var bytes = new ByteArena();
        for (int c = 0; c < cells.Length; c++)
        {
            // Every fifth cell of a column is NULL, each column at another row.
            if ((i + c) % 5 != 4)
            {
                cells[c] = CellOf(_plan.Columns[c].Type, i, bytes);
            }
        }

        long at = Start - (20 * Hour) + (i * 2 * Hour) + (i % 3);
        var row = new RowView(cells, bytes.Written, at, at + 5, 1);
        writer.Add(100 + i, 0, 1UL << _plan.Groups[0].Number, (ulong)(i + 1) * 0x9E3779B97F4A7C15, "k"u8, row, columns);
    }

    private static RowCell CellOf(FieldType type, int i, ByteArena bytes) => type switch
    {
        FieldType.Long => new RowCell { Bits = (i * 7) - 20, IsPresent = true },
        FieldType.Double => new RowCell { Bits = BitConverter.DoubleToInt64Bits((i * 1.25) - 3), IsPresent = true },
        FieldType.Boolean => new RowCell { Bits = i % 2, IsPresent = true },
        FieldType.Decimal => Bytes(bytes, System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(decimal.GetBits((i * 1.01m) - 5))),
        _ => Bytes(bytes, Encoding.UTF8.GetBytes(((string[])["ä", "b", "c|d", "\"e\"", ""])[i % 5])),
    };

    private static RowCell Bytes(ByteArena arena, ReadOnlySpan<byte> value) =>
        new() { Offset = arena.Append(value), Length = value.Length, IsPresent = true };

    public static string Lines(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (int at = 0; at < bytes.Length; at += 64)
        {
            text.Append(Convert.ToHexString(bytes[at..Math.Min(at + 64, bytes.Length)])).Append('\n');
        }

        return text.ToString();
    }

    private string Read(string file) => File.ReadAllText(PathOf(file));

    private string PathOf(string file) => Path.Combine(Repository.Root, Folder, Number.ToString(CultureInfo.InvariantCulture), file);
}
