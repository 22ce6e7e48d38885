namespace Milliways.Engine.Scheduling;

/// <summary>
/// Sequences and cells that are free. Everything a request may fill is reserved before it starts, so that a running one never finds the cache
/// full.
/// </summary>
internal sealed class Capacity
{
    private readonly Stack<int> _free = new();
    private readonly int _cells;

    internal Capacity(int sequences, int cells)
    {
        _cells = cells;
        for (var sequence = sequences - 1; sequence >= 0; sequence--)
            _free.Push(sequence);
        Sequences = sequences;
    }

    internal int Sequences { get; }
    internal int BusySequences => Sequences - _free.Count;
    internal int ReservedCells { get; private set; }

    /// <summary>Whether the request could ever start.</summary>
    internal bool CanEverHold(Job job) => job.CellsPerChoice * (long)job.ChoiceCount <= _cells;

    /// <summary>Reserves all of a request, or nothing.</summary>
    internal bool TryReserve(Job job)
    {
        var cells = job.CellsPerChoice * job.ChoiceCount;
        if (_free.Count < job.ChoiceCount || ReservedCells + cells > _cells)
            return false;
        ReservedCells += cells;
        job.Sequences = new int[job.ChoiceCount];
        for (var i = 0; i < job.Sequences.Length; i++)
            job.Sequences[i] = _free.Pop();
        return true;
    }

    /// <summary>Gives back one choice's share.</summary>
    internal void Release(Job job, int sequence)
    {
        _free.Push(sequence);
        ReservedCells -= job.CellsPerChoice;
    }
}
