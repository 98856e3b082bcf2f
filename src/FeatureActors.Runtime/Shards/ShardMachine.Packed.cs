using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Entities;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <content>
/// Groups in packed form. The names of their fields stand in a schema beside the keys, written before the first value that needs it,
/// and again whenever the sink may have lost it.
/// </content>
internal sealed partial class ShardMachine
{
    private static readonly ReadOnlyMemory<byte> PackedField = Encoding.UTF8.GetBytes(PackedForm.FieldName);

    private readonly PackedForm?[] _packed;
    private readonly bool[] _hasSchema;

    private static PackedForm?[] PackedFormsOf(Core.Definitions.EntityPlan plan) =>
        [.. plan.Groups.Select(static g => g.IsPacked ? new PackedForm(g) : null)];

    /// <summary>Hash of the values as they are published: the same values under another schema must be written again.</summary>
    private ulong PublishedHashOf(int group) => _packed[group] is { } packed ? packed.Mark(_values.Hash) : _values.Hash;

    private void ForgetSchemas() => Array.Clear(_hasSchema);

    private void AddSchemaIfNeeded(int group)
    {
        if (_packed[group] is not { } packed || _hasSchema[group])
        {
            return;
        }

        _hasSchema[group] = true;
        if (_builder.Count == 0)
        {
            _builder.Begin(++_batch);
        }

        _builder.Position = new PublishPosition(_nextOffset, ClockMs);
        byte[] key = Encoding.UTF8.GetBytes(PackedForm.SchemaKey(_plan.Namespace, _plan.Groups[group].Name, packed.SchemaId));
        _builder.AddItem(PublishKind.Write, default, key, 0, new PublishTarget(-1, 0, 0, 0));
        foreach ((string name, string place) in packed.Schema)
        {
            _builder.AddField(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(place));
        }

        EndItem();
    }
}
