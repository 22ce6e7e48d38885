using System.Data.Common;

namespace Milliways.Storage;

/// <summary>A command that is kept for the next time its text is run: preparing is most of the cost of a small row.</summary>
internal class Statement : IDisposable
{
    private readonly IReadOnlyList<string> _names;

    public Statement(DbConnection connection, string sql, bool numbered)
    {
        var text = SqlText.Of(sql);
        _names = text.Names;
        Command = connection.CreateCommand();
#pragma warning disable CA2100 // Callers pass constants; values go in as parameters.
        Command.CommandText = numbered ? text.Numbered : sql;
#pragma warning restore CA2100
        foreach (var name in _names)
        {
            var parameter = Command.CreateParameter();
            if (!numbered)
                parameter.ParameterName = name;
            Command.Parameters.Add(parameter);
        }
        Connection = connection;
    }

    public DbCommand Command { get; }

    public DbConnection Connection { get; }

    /// <summary>Runs it for what it changes; returns the number of changed rows.</summary>
    /// <exception cref="InvalidOperationException">As <see cref="Bind"/>.</exception>
    public virtual int Execute(ReadOnlySpan<(string Name, object? Value)> values, Action<DbParameter, object> give)
    {
        Bind(values, give);
        return Command.ExecuteNonQuery();
    }

    /// <param name="values">A value for each parameter.</param>
    /// <param name="give">How the provider takes one.</param>
    /// <exception cref="InvalidOperationException">A parameter of the text has no value, or a value no parameter: the source is wrong.</exception>
    public void Bind(ReadOnlySpan<(string Name, object? Value)> values, Action<DbParameter, object> give)
    {
        Check(values);
        for (var i = 0; i < values.Length; i++)
        {
            var (name, value) = values[i];
            give(Command.Parameters[Place(name, i)], Plain(value));
        }
    }

    /// <summary>The same for a command of a batch, whose parameters are numbered.</summary>
    /// <exception cref="InvalidOperationException">As <see cref="Bind"/>.</exception>
    public static void BindNumbered(DbBatchCommand command, IReadOnlyList<string> names, ReadOnlySpan<(string Name, object? Value)> values, Action<DbParameter, object> give)
    {
        if (values.Length != names.Count)
            throw new InvalidOperationException($"{values.Length} values were given for the parameters {string.Join(", ", names)} of: {command.CommandText}");
        for (var i = 0; i < names.Count; i++)
        {
            var parameter = command.CreateParameter();
            give(parameter, Plain(ValueOf(names[i], i, values)));
            command.Parameters.Add(parameter);
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => Command.Dispose();

    /// <exception cref="InvalidOperationException">There are more values or fewer than parameters.</exception>
    protected void Check(ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (values.Length != _names.Count)
            throw new InvalidOperationException($"{values.Length} values were given for the parameters {string.Join(", ", _names)} of: {Command.CommandText}");
    }

    /// <summary>Which parameter a name is, from 0 in the order in which they first appear.</summary>
    protected int Place(string name, int likely)
    {
        if (_names[likely] == name)
            return likely;
        for (var i = 0; i < _names.Count; i++)
            if (_names[i] == name)
                return i;
        throw new InvalidOperationException($"{name} is no parameter of: {Command.CommandText}");
    }

    private static object? ValueOf(string name, int likely, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (values[likely].Name == name)
            return values[likely].Value;
        foreach (var (other, value) in values)
            if (other == name)
                return value;
        throw new InvalidOperationException($"The parameter {name} has no value.");
    }

    /// <summary>Numbers are 64 bits wide and truth is one of them, in both databases.</summary>
    private static object Plain(object? value) => value switch
    {
        null => DBNull.Value,
        bool truth => truth ? 1L : 0L,
        int number => (long)number,
        _ => value,
    };
}
