using System.Security.Cryptography;
using System.Text;

namespace Milliways.Secrets;

/// <summary>A sealed secret was changed, is another row's, or was sealed with another master secret.</summary>
internal sealed class SecretException(string context) : Exception($"The secret of {context} cannot be opened.");

/// <summary>
/// Seals secrets for the database with AES-256-GCM, each bound to where it stands: what is sealed for one team's row opens nowhere else. A sealed secret is
/// a version byte, 12 random bytes, the ciphertext, and a tag of 16 bytes.
/// </summary>
internal sealed class SecretBox : IDisposable
{
    private const byte Version = 1;
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly AesGcm _aes;
    private readonly Lock _one = new();

    public SecretBox(byte[] master) =>
        _aes = new AesGcm(HKDF.DeriveKey(HashAlgorithmName.SHA256, master, 32, info: Encoding.ASCII.GetBytes("milliways secrets 1")), TagLength);

    /// <param name="plain">The secret.</param>
    /// <param name="context">Team, table, row and column: whatever names the place.</param>
    public byte[] Seal(string plain, string context)
    {
        var length = Encoding.UTF8.GetByteCount(plain);
        var box = new byte[1 + NonceLength + length + TagLength];
        box[0] = Version;
        RandomNumberGenerator.Fill(Nonce(box));
        var bytes = Encoding.UTF8.GetBytes(plain);
        lock (_one)
            _aes.Encrypt(Nonce(box), bytes, Body(box), Tag(box), Encoding.UTF8.GetBytes(context));
        CryptographicOperations.ZeroMemory(bytes);
        return box;
    }

    /// <exception cref="SecretException">It was changed, is another row's, or was sealed with another master secret.</exception>
    public string Open(byte[] box, string context)
    {
        if (box.Length < 1 + NonceLength + TagLength || box[0] != Version)
            throw new SecretException(context);
        var plain = new byte[Body(box).Length];
        try
        {
            lock (_one)
                _aes.Decrypt(Nonce(box), Body(box), Tag(box), plain, Encoding.UTF8.GetBytes(context));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new SecretException(context);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public void Dispose() => _aes.Dispose();

    private static Span<byte> Nonce(byte[] box) => box.AsSpan(1, NonceLength);

    private static Span<byte> Body(byte[] box) => box.AsSpan(1 + NonceLength, box.Length - 1 - NonceLength - TagLength);

    private static Span<byte> Tag(byte[] box) => box.AsSpan(box.Length - TagLength);
}
