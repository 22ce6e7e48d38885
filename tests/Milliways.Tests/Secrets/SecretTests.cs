using System.Security.Cryptography;
using System.Text;
using Milliways.Hosting;
using Milliways.Secrets;
using Milliways.Tests.Support;

namespace Milliways.Tests.Secrets;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SecretTests
{
    private static readonly byte[] Master = RandomNumberGenerator.GetBytes(MasterSecret.Length);

    [Theory]
    [InlineData(""), InlineData("sk-provider-key"), InlineData("Ünïcode 🔑")]
    public void A_sealed_secret_opens_where_it_was_sealed_and_shows_nothing_of_itself(string plain)
    {
        using var box = new SecretBox(Master);
        var sealedOnce = box.Seal(plain, "team/provider_keys/1/secret");
        Assert.Equal(plain, box.Open(sealedOnce, "team/provider_keys/1/secret"));
        Assert.True(plain.Length == 0 || sealedOnce.AsSpan().IndexOf(Encoding.UTF8.GetBytes(plain)) < 0);
        Assert.NotEqual(sealedOnce, box.Seal(plain, "team/provider_keys/1/secret"));
    }

    [Fact]
    public void It_opens_in_no_other_row_with_no_other_master_and_not_when_a_bit_was_changed()
    {
        using var box = new SecretBox(Master);
        using var other = new SecretBox(RandomNumberGenerator.GetBytes(MasterSecret.Length));
        var secret = box.Seal("sk-provider-key", "a/1");
        Assert.Throws<SecretException>(() => box.Open(secret, "a/2"));
        Assert.Throws<SecretException>(() => other.Open(secret, "a/1"));
        Assert.Throws<SecretException>(() => box.Open([], "a/1"));
        for (var bit = 0; bit < secret.Length * 8; bit++)
        {
            var changed = secret.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.DoesNotContain("provider", Assert.Throws<SecretException>(() => box.Open(changed, "a/1")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_first_start_makes_a_private_secret_and_later_ones_find_it()
    {
        await using var server = await TestServer.StartAsync();
        var file = Path.Combine(server.Data, "data", "secret.key");
        var secret = await File.ReadAllBytesAsync(file);
        Assert.Equal(MasterSecret.Length, secret.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var box = server.Service<SecretBox>().Seal("x", "row");
        await server.RestartAsync();
        Assert.Equal(secret, await File.ReadAllBytesAsync(file));
        Assert.Equal("x", server.Service<SecretBox>().Open(box, "row"));
        using var database = server.OpenLedger();
        Assert.DoesNotContain(Convert.ToHexStringLower(secret), string.Concat(database.Query("SELECT value FROM installation", row => row.GetString(0))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_was_lost_or_changed_is_told_and_none_is_made_in_its_place()
    {
        await using var server = await TestServer.StartAsync();
        var file = Path.Combine(server.Data, "data", "secret.key");
        var secret = await File.ReadAllBytesAsync(file);
        await RefusedAsync("which is not here", () => File.Delete(file));
        Assert.False(File.Exists(file));
        await RefusedAsync("belongs to another", () => File.WriteAllBytes(file, RandomNumberGenerator.GetBytes(32)));
        await RefusedAsync("31 bytes", () => File.WriteAllBytes(file, secret[..31]));
        await File.WriteAllBytesAsync(file, secret);
        await server.RestartAsync();

        async Task RefusedAsync(string told, Action change)
        {
            change();
            using var database = server.OpenLedger();
            Assert.Contains(told, Assert.Throws<UserErrorException>(() => MasterSecret.Ensure(database, file, _ => null)).Message, StringComparison.Ordinal);
            await Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("short"), InlineData("zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"), InlineData("AAAA")]
    public async Task A_variable_that_is_no_secret_is_told_without_its_value(string value)
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => TestServer.StartAsync(environment: new() { [MasterSecret.Variable] = value }));
        Assert.Contains("openssl rand -base64 32", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_variable_replaces_the_file()
    {
        await using var server = await TestServer.StartAsync(environment: new() { [MasterSecret.Variable] = Convert.ToBase64String(Master) });
        Assert.False(File.Exists(Path.Combine(server.Data, "data", "secret.key")));
        using var box = new SecretBox(Master);
        Assert.Equal("x", box.Open(server.Service<SecretBox>().Seal("x", "row"), "row"));
    }
}
