using System.Globalization;
using System.Text.Json;
using FeatureActors.Benchmarks.Nodes;
using Spectre.Console;

namespace FeatureActors.Benchmarks.Reports;

/// <summary>The results of one run of a benchmark: rows of named figures, as a table and as JSON.</summary>
internal sealed class BenchReport(string name, BenchOptions options)
{
    private const int FileWidth = 160;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly List<(string Name, IReadOnlyList<(string Figure, double Value)> Figures)> _rows = [];
    private readonly string _load = ProcessCost.MachineLoad();

    /// <summary>Adds one measured thing.</summary>
    public void Add(string row, params (string Figure, double Value)[] figures) => _rows.Add((row, figures));

    /// <summary>Adds the medians of several runs of one thing, figure by figure, with the spread of the first figure.</summary>
    public void AddMedians(string row, IReadOnlyList<(string Figure, double Value)[]> runs)
    {
        var medians = runs[0].Select((f, i) => (f.Figure, Value: Median(runs.Select(r => r[i].Value)))).ToList();
        medians.Add(($"{runs[0][0].Figure}, lowest", runs.Min(r => r[0].Value)));
        medians.Add(($"{runs[0][0].Figure}, highest", runs.Max(r => r[0].Value)));
        _rows.Add((row, medians));
    }

    /// <summary>The figure of a row added before.</summary>
    public double Get(string row, string figure) => _rows.First(r => r.Name == row).Figures.First(f => f.Figure == figure).Value;

    /// <summary>Prints the tables and writes the JSON file.</summary>
    public void Finish()
    {
        // Rows with the same figures share a table: figures down, rows across when there are few.
        foreach (var group in _rows.GroupBy(static r => string.Join('|', r.Figures.Select(static f => f.Figure))))
        {
            Print([.. group]);
        }

        AnsiConsole.WriteLine(
            $"machine: {Environment.ProcessorCount} cores, load before the run {_load}, .NET {Environment.Version}; {options.Runs} run(s), medians");
        if (options.Json is { } file)
        {
            File.WriteAllText(file, Json());
            AnsiConsole.WriteLine($"written: {file}");
        }
    }

    /// <summary>The middle of <paramref name="values"/>.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private void Print(IReadOnlyList<(string Name, IReadOnlyList<(string Figure, double Value)> Figures)> rows)
    {
        var table = new Table().Border(TableBorder.Simple).Title(name);
        table.AddColumn("");
        if (rows.Count <= 4 && rows[0].Figures.Count > rows.Count)
        {
            foreach (var row in rows)
            {
                table.AddColumn(new TableColumn(row.Name).RightAligned());
            }

            for (int i = 0; i < rows[0].Figures.Count; i++)
            {
                table.AddRow([rows[0].Figures[i].Figure, .. rows.Select(r => Text(r.Figures[i].Value))]);
            }
        }
        else
        {
            foreach ((string figure, _) in rows[0].Figures)
            {
                table.AddColumn(new TableColumn(figure).RightAligned());
            }

            foreach (var row in rows)
            {
                table.AddRow([row.Name, .. row.Figures.Select(static f => Text(f.Value))]);
            }
        }

        if (Console.IsOutputRedirected)
        {
            // A file has no width; broken into 80 columns the figures cannot be read.
            AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, FileWidth);
        }

        AnsiConsole.Write(table);
    }

    private string Json() => JsonSerializer.Serialize(
        new
        {
            bench = name,
            cores = Environment.ProcessorCount,
            load = double.Parse(_load, CultureInfo.InvariantCulture),
            runtime = Environment.Version.ToString(),
            runs = options.Runs,
            events = options.Events,
            keys = options.Keys,
            results = _rows.Select(static r => new
            {
                name = r.Name,
                figures = r.Figures.ToDictionary(static f => f.Figure, static f => f.Value),
            }),
        },
        Indented);

    private static string Text(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("N1", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
