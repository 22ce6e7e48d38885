using System.Globalization;
using Milliways.Plant;

// ./plant [NAME ...]: all faults, or those that are named. The last line is always "N killed, N survived"; 1 when one survived or nothing could be said.
var root = new DirectoryInfo(AppContext.BaseDirectory);
while (!File.Exists(Path.Combine(root.FullName, "Milliways.slnx")))
    root = root.Parent ?? throw new InvalidOperationException("This program runs inside the source tree only.");

var all = FaultList.Read(File.ReadAllText(Path.Combine(root.FullName, FaultList.Path)));
if (args.FirstOrDefault(name => !all.Exists(fault => fault.Name == name)) is { } unknown)
{
    Console.Error.WriteLine($"plant: {unknown} is no fault of {FaultList.Path}: {string.Join(", ", all.Select(fault => fault.Name))}");
    return 2;
}

var files = FaultList.Plant(all, path => File.Exists(Path.Combine(root.FullName, path)) ? File.ReadAllText(Path.Combine(root.FullName, path)) : null, out var misfits);
if (misfits.Count > 0)
    return GiveUp(string.Join("\n\n", misfits));

var chosen = args.Length == 0 ? all : all.Where(fault => args.Contains(fault.Name)).ToList();
var tree = new ScratchTree(root.FullName);
tree.Write(files);
foreach (var project in chosen.Select(fault => fault.Project).Distinct())
{
    Console.WriteLine($"== building {project} with {all.Count} faults switched off");
    if (!tree.Build(project, out var log))
        return GiveUp(log);
}

// A test that is red by itself would kill everything.
var weak = new List<string>();
foreach (var tests in chosen.GroupBy(fault => fault.Project, fault => fault.Test))
{
    var names = tests.Distinct().ToList();
    var run = TestRun.Of(tree.Program(tests.Key), names, fault: null, tree.Report);
    weak.AddRange(names.Where(name => !run.Green.Contains(name)).Select(name => $"{name} {run.Trouble ?? (run.Red.Contains(name) ? "is red without any fault" : "was not run")}"));
}
if (weak.Count > 0)
    return GiveUp(string.Join('\n', weak));

Console.WriteLine("== every test is green without a fault; with its fault:");
var killed = 0;
foreach (var fault in chosen)
{
    var run = TestRun.Of(tree.Program(fault.Project), [fault.Test], fault.Name, tree.Report);
    var isKilled = run.Red.Contains(fault.Test);
    killed += isKilled ? 1 : 0;
    Console.WriteLine($"{(isKilled ? "killed  " : "SURVIVED")}  {fault.Name,-28}{fault.Test}{(run.Trouble is null ? "" : $": {run.Trouble}")}");
}
return Finish(killed, chosen.Count - killed);

static int GiveUp(string why)
{
    Console.WriteLine(why);
    Finish(0, 0);
    return 1;
}

static int Finish(int killed, int survived)
{
    Console.WriteLine();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{killed} killed, {survived} survived"));
    return survived == 0 ? 0 : 1;
}
