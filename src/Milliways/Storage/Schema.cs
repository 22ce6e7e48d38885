namespace Milliways.Storage;

/// <summary>The numbered steps that make one database; the SQL of each stands in the folder <c>Migrations</c>.</summary>
internal sealed record Schema(string Name, IReadOnlyList<string> Steps, IReadOnlyList<WatchedTable> Watched)
{
    /// <summary>What lasts: <c>ledger.db</c>.</summary>
    public static Schema Ledger { get; } = new("ledger", ["0001-teams-and-keys", "0002-flavours", "0003-books", "0004-people-and-keys", "0005-changes-and-epochs", "0006-billing", "0007-slices", "0008-limits", "0009-alerts", "0010-gateways", "0011-entry-times"], Topics.Tables);

    /// <summary>What is kept for callers for a while: <c>stored.db</c>.</summary>
    public static Schema Stored { get; } = new("stored", ["stored-0001-answers", "stored-0002-epochs"], []);

    /// <summary>What was asked and answered, for a while: <c>logs.db</c>.</summary>
    public static Schema Logs { get; } = new("logs", ["logs-0001-entries", "logs-0002-sizes"], []) { GivesSpaceBack = true };

    /// <summary>SQLite's file becomes smaller when rows are deleted (see <see cref="DatabaseSession.GiveBack"/>); of new files only.</summary>
    public bool GivesSpaceBack { get; init; }

    /// <summary>The schema's number in this version of the executable.</summary>
    public int Latest => Steps.Count;
}
