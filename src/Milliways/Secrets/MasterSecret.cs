using System.Security.Cryptography;
using System.Text;
using Milliways.Hosting;
using Milliways.Storage;

namespace Milliways.Secrets;

/// <summary>
/// The installation's 256 random bits, from which the keys that seal secrets in the database are made: <c>secret.key</c> in the data directory, or
/// <c>MILLIWAYS_SECRET</c>, which replaces the file. All servers on a database must have the same; its fingerprint stands there, from which it cannot be found.
/// </summary>
internal static class MasterSecret
{
    public const string Variable = "MILLIWAYS_SECRET";
    public const int Length = 32;

    private const string Fingerprint = "secret fingerprint";
    private const string Remedy = "copy secret.key from the data directory of a server that has it, or set " + Variable + " to the same on all servers";

    /// <summary>The secret of this installation; made when the database does not know one yet. Blocks; for one process at a time.</summary>
    /// <exception cref="UserErrorException">It is missing, not readable, or another one than the database's secrets are sealed with.</exception>
    public static byte[] Ensure(LedgerDatabase database, string file, Func<string, string?> environment)
    {
        var known = database.Query("SELECT value FROM installation WHERE name = $name", row => row.GetString(0), ("$name", Fingerprint)) is [var value] ? value : null;
        var secret = FromEnvironment(environment) ?? FromFile(file);
        if (secret is null && known is not null)
            throw new UserErrorException($"The database {database.Address} has secrets that were sealed with a master secret which is not here: {Remedy}.");
        secret ??= Create(file);
        var ours = FingerprintOf(secret);
        if (known is null)
            database.Execute("INSERT INTO installation (name, value) VALUES ($name, $value)", ("$name", Fingerprint), ("$value", ours));
        else if (known != ours)
            throw new UserErrorException($"The database {database.Address} belongs to another master secret than the one here: {Remedy}.");
        return secret;
    }

    private static byte[]? FromEnvironment(Func<string, string?> environment)
    {
        if (environment(Variable) is not { Length: > 0 } text)
            return null;
        var secret = new byte[Length];
        // 64 hexadecimal digits, or base64.
        if (text.Length == 2 * Length && Convert.FromHexString(text, secret, out _, out _) == System.Buffers.OperationStatus.Done)
            return secret;
        return Convert.TryFromBase64String(text, secret, out var written) && written == Length ? secret : throw new UserErrorException(
            $"{Variable} is no secret of 32 bytes in base64 or hexadecimal digits: make one with openssl rand -base64 32.");
    }

    private static byte[]? FromFile(string file)
    {
        if (!File.Exists(file))
            return null;
        try
        {
            var secret = File.ReadAllBytes(file);
            // Empty: a start was stopped before it had written it, and before anybody could have used it.
            return secret.Length switch
            {
                Length => secret,
                0 => null,
                _ => throw new UserErrorException($"{file} is no master secret: it has {secret.Length} bytes instead of {Length}: {Remedy}."),
            };
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{file} cannot be read ({unreadable.Message.TrimEnd('.')}): give this user the right to read it.", inner: unreadable);
        }
    }

    private static byte[] Create(string file)
    {
        var secret = RandomNumberGenerator.GetBytes(Length);
        using var stream = DataDirectory.OpenPrivate(file);
        stream.Write(secret);
        stream.Flush(flushToDisk: true); // before anything is sealed with it
        return secret;
    }

    private static string FingerprintOf(byte[] secret) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes("milliways secret fingerprint"))[..16]);
}
