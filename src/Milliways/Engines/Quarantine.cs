using System.Security.Cryptography;

namespace Milliways.Engines;

/// <summary>
/// Remembers which requests were inside when the engine died. One that was there twice is kept away for a while: a client that retries a request that
/// kills the engine would take everybody down with it, again and again.
/// </summary>
internal sealed class Quarantine(TimeProvider time)
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    /// <summary>A broken answer and the end of the process are noticed on different ways; within this much time they belong together.</summary>
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(5);

    private const int CrashesAllowed = 1;
    private readonly Lock _one = new();
    private int _life;
    private readonly Dictionary<string, int> _inside = [];
    private readonly Dictionary<string, long> _broke = [];
    private readonly Dictionary<string, (int Crashes, long Since)> _suspects = [];

    /// <summary>What tells one request from another: its body.</summary>
    public static string Fingerprint(ReadOnlySpan<byte> body) => Convert.ToHexString(SHA256.HashData(body));

    public bool Holds(string fingerprint)
    {
        lock (_one)
        {
            if (!_suspects.TryGetValue(fingerprint, out var suspect) || suspect.Crashes <= CrashesAllowed)
                return false;
            if (time.GetElapsedTime(suspect.Since) < Length)
                return true;
            _suspects.Remove(fingerprint);
            return false;
        }
    }

    /// <summary>Marks a request as inside; the same body may be inside several times. Returns the number of the engine's life that it entered.</summary>
    public int Enter(string fingerprint)
    {
        lock (_one)
        {
            _inside[fingerprint] = _inside.GetValueOrDefault(fingerprint) + 1;
            return _life;
        }
    }

    public void Leave(string fingerprint)
    {
        lock (_one)
            if (_inside.TryGetValue(fingerprint, out var count))
            {
                if (count > 1)
                    _inside[fingerprint] = count - 1;
                else
                    _inside.Remove(fingerprint);
            }
    }

    /// <summary>A request's answer broke: it may leave before anybody knows that the process has died.</summary>
    /// <param name="fingerprint">The request's.</param>
    /// <param name="life">What <see cref="Enter"/> returned: a life that has ended has counted its own already.</param>
    public void Suspect(string fingerprint, int life)
    {
        lock (_one)
        {
            if (life != _life)
                return;
            foreach (var (old, since) in _broke.ToArray())
                if (time.GetElapsedTime(since) >= Together)
                    _broke.Remove(old);
            _broke[fingerprint] = time.GetTimestamp();
        }
    }

    /// <summary>The engine died: everybody inside is a suspect, and so is whoever broke just now.</summary>
    public void Crashed()
    {
        lock (_one)
        {
            var now = time.GetTimestamp();
            var justNow = _broke.Where(broke => time.GetElapsedTime(broke.Value) < Together).Select(broke => broke.Key);
            foreach (var fingerprint in _inside.Keys.Union(justNow).ToArray())
                _suspects[fingerprint] = (_suspects.GetValueOrDefault(fingerprint).Crashes + 1, now);
            _broke.Clear();
            _life++;
            // Those inside stay listed until they leave by themselves; what was long ago is forgotten.
            foreach (var (fingerprint, suspect) in _suspects.ToArray())
                if (time.GetElapsedTime(suspect.Since) >= Length)
                    _suspects.Remove(fingerprint);
        }
    }
}
