namespace Milliways.Storage;

/// <summary>The numbered steps that make one database; the SQL of each stands in the folder <c>Migrations</c>.</summary>
internal sealed record Schema(IReadOnlyList<string> Steps)
{
    /// <summary><c>ledger.db</c>.</summary>
    public static Schema Ledger { get; } = new(["0001-teams-and-keys", "0002-flavours", "0003-books", "0004-people-and-keys"]);

    /// <summary><c>stored.db</c>.</summary>
    public static Schema Stored { get; } = new(["stored-0001-answers"]);

    /// <summary>The schema's number in this version of the executable.</summary>
    public int Latest => Steps.Count;
}
