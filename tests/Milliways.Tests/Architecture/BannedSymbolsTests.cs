using System.Reflection;

namespace Milliways.Tests.Architecture;

/// <summary>BannedSymbols.txt names members by text: what is misspelt bans nothing, and an overload that is not named is allowed.</summary>
public sealed class BannedSymbolsTests
{
    private const BindingFlags Members = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Where banned members live.</summary>
    private static readonly Assembly[] Assemblies =
    [
        typeof(object).Assembly, typeof(Uri).Assembly, typeof(HttpClient).Assembly, typeof(System.Diagnostics.Process).Assembly, typeof(Barrier).Assembly,
        typeof(System.Text.Json.JsonSerializer).Assembly, typeof(System.Xml.Serialization.XmlSerializer).Assembly,
    ];

    private static readonly HashSet<string> Known = [.. Assemblies.SelectMany(assembly => assembly.GetExportedTypes()).SelectMany(Ids)];

    private static readonly HashSet<string> Banned = [.. File.ReadAllLines(Path.Combine(SourceTests.Root, "BannedSymbols.txt")).Where(line => line.Length > 0).Select(line => line.Split(';')[0])];

    [Fact]
    public void Every_line_names_something_that_exists()
    {
        Assert.NotEmpty(Banned);
        Assert.DoesNotContain(Banned, id => !Known.Contains(id));
    }

    [Theory]
    [InlineData("M:System.Threading.Thread.Sleeep(System.Int32)")]
    [InlineData("M:System.Threading.Tasks.Task.WaitAll(System.Threading.Tasks.Task)")]
    [InlineData("T:System.Randomness")]
    public void A_misspelt_id_is_none(string id) => Assert.DoesNotContain(id, Known);

    /// <summary>Every way to block a thread until something happens, whatever its parameters.</summary>
    [Theory]
    [InlineData(typeof(Task), "Wait")]
    [InlineData(typeof(Task), "WaitAll")]
    [InlineData(typeof(Task), "WaitAny")]
    [InlineData(typeof(SemaphoreSlim), "Wait")]
    [InlineData(typeof(ManualResetEventSlim), "Wait")]
    [InlineData(typeof(CountdownEvent), "Wait")]
    [InlineData(typeof(WaitHandle), "WaitOne")]
    [InlineData(typeof(WaitHandle), "WaitAll")]
    [InlineData(typeof(WaitHandle), "WaitAny")]
    [InlineData(typeof(Thread), "Join")]
    [InlineData(typeof(Thread), "Sleep")]
    [InlineData(typeof(Monitor), "Wait")]
    [InlineData(typeof(System.Diagnostics.Process), "WaitForExit")]
    [InlineData(typeof(System.Runtime.CompilerServices.TaskAwaiter), "GetResult")]
    [InlineData(typeof(System.Runtime.CompilerServices.TaskAwaiter<>), "GetResult")]
    [InlineData(typeof(System.Runtime.CompilerServices.ValueTaskAwaiter), "GetResult")]
    [InlineData(typeof(System.Runtime.CompilerServices.ValueTaskAwaiter<>), "GetResult")]
    [InlineData(typeof(System.Runtime.CompilerServices.ConfiguredTaskAwaitable.ConfiguredTaskAwaiter), "GetResult")]
    [InlineData(typeof(System.Runtime.CompilerServices.ConfiguredTaskAwaitable<>.ConfiguredTaskAwaiter), "GetResult")]
    [InlineData(typeof(System.Runtime.CompilerServices.ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter), "GetResult")]
    [InlineData(typeof(System.Runtime.CompilerServices.ConfiguredValueTaskAwaitable<>.ConfiguredValueTaskAwaiter), "GetResult")]
    public void No_overload_of_a_blocking_method_is_left_out(Type type, string method)
    {
        var overloads = type.GetMember(method, MemberTypes.Method, Members).Cast<MethodInfo>().Select(DocumentationId.Of).ToList();
        Assert.NotEmpty(overloads);
        Assert.DoesNotContain(overloads, id => !Banned.Contains(id));
    }

    private static IEnumerable<string> Ids(Type type) =>
    [
        DocumentationId.Of(type), .. type.GetProperties(Members).Select(DocumentationId.Of), .. type.GetMethods(Members).Select(DocumentationId.Of),
        .. type.GetConstructors(BindingFlags.Public | BindingFlags.Instance).Select(DocumentationId.Of),
    ];
}
