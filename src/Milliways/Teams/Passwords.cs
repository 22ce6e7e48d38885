using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Milliways.Teams;

/// <summary>Passwords as PBKDF2 with HMAC-SHA-512 and a salt of their own; the number of rounds stands with the hash, so that it can grow.</summary>
internal static class Passwords
{
    /// <summary>OWASP's figure for PBKDF2-HMAC-SHA512.</summary>
    private const int Rounds = 210_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;
    private const int Shortest = 10;
    private const int Longest = 256;
    private const string Kind = "pbkdf2-sha512";
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

    /// <exception cref="CommandException">Too short or too long.</exception>
    public static string Hash(string password)
    {
        if (password.Length is < Shortest or > Longest)
            throw new CommandException(CommandProblem.Invalid, $"The password must have {Shortest} to {Longest} characters.");
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return string.Create(CultureInfo.InvariantCulture, $"{Kind}${Rounds}${Convert.ToBase64String(salt)}${Convert.ToBase64String(Derive(password, salt, Rounds))}");
    }

    /// <summary>Takes as long for somebody who is not there (null) as for somebody who is.</summary>
    public static bool Fits(string password, string? hash)
    {
        var parts = hash?.Split('$');
        if (parts is not [Kind, var rounds, var salt, var expected] || password.Length > Longest)
        {
            _ = Derive("", new byte[SaltBytes], Rounds);
            return false;
        }
        return CryptographicOperations.FixedTimeEquals(
            Derive(password, Convert.FromBase64String(salt), int.Parse(rounds, CultureInfo.InvariantCulture)), Convert.FromBase64String(expected));
    }

    /// <summary>One that nobody has chosen: about 117 bits, without letters that look alike.</summary>
    public static string Create() => RandomNumberGenerator.GetString(Letters, 20);

    private static byte[] Derive(string password, byte[] salt, int rounds) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA512, HashBytes);
}
