namespace Milliways.Teams;

internal enum CommandProblem
{
    /// <summary>A value is wrong; the message names it and the remedy.</summary>
    Invalid,

    /// <summary>Who asks may not do this.</summary>
    Forbidden,

    /// <summary>There is none, or none that who asks may know of: both look alike.</summary>
    NotFound,

    /// <summary>It is there already, or in a state in which this cannot be done.</summary>
    Conflict,
}

/// <summary>Why a command was not done. The message is for whoever asked: it holds no secret.</summary>
internal sealed class CommandException(CommandProblem problem, string message) : Exception(message)
{
    public CommandProblem Problem => problem;
}
