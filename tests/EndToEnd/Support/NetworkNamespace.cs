using System.Globalization;

namespace Milliways.EndToEnd.Support;

/// <summary>A network of two addresses with a namespace of its own behind the second, whose every answer can be made to vanish: who asks there hears nothing at all, as behind a dead switch.</summary>
internal sealed class NetworkNamespace : IAsyncDisposable
{
    private readonly string _here;

    private NetworkNamespace(string name, string here, string there) => (Name, _here, Address) = (name, here, there);

    public string Name { get; }

    /// <summary>Of what runs in it.</summary>
    public string Address { get; }

    /// <summary>Null where there are none to be had: it needs Linux, root and iproute2.</summary>
    public static async Task<NetworkNamespace?> CreateAsync()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !File.Exists("/usr/sbin/ip") && !File.Exists("/sbin/ip"))
            return null;
        var (id, net) = (Environment.ProcessId, Environment.ProcessId % 250);
        var made = new NetworkNamespace(Invariant($"mw{id}"), Invariant($"10.213.{net}.1"), Invariant($"10.213.{net}.2"));
        var (near, far) = (Invariant($"mwn{id}"), Invariant($"mwf{id}"));
        if ((await IpAsync($"netns add {made.Name}")).ExitCode != 0)
            return null; // a container without the right
        string[] steps =
        [
            $"link add {near} type veth peer name {far} netns {made.Name}", $"addr add {made._here}/30 dev {near}", $"link set {near} up",
            $"-n {made.Name} addr add {made.Address}/30 dev {far}", $"-n {made.Name} link set {far} up", $"-n {made.Name} link set lo up",
        ];
        foreach (var step in steps)
            if (await IpAsync(step) is { ExitCode: not 0 } failed)
            {
                await made.DisposeAsync();
                Assert.Skip($"There is no network to cut: ip {step} says {failed.Error.Trim()}");
            }
        return made;
    }

    /// <summary>From here on nothing comes back from there; what is sent still arrives.</summary>
    public Task CutAsync() => DoAsync($"-n {Name} route add blackhole {_here}/32");

    public Task MendAsync() => DoAsync($"-n {Name} route del blackhole {_here}/32");

    public async ValueTask DisposeAsync() => await IpAsync($"netns del {Name}");

    private static async Task DoAsync(string words)
    {
        var done = await IpAsync(words);
        Assert.True(done.ExitCode == 0, done.ToString());
    }

    private static Task<Finished> IpAsync(string words) => Program.RunAsync("ip", words.Split(' '));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
