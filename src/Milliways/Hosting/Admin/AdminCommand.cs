using System.Text.Json.Serialization.Metadata;

namespace Milliways.Hosting.Admin;

/// <summary>
/// One operation that the command line asks for, in the running server or on the files: its name, and how its request and its answer are written as JSON.
/// The side that asks and the side that does it share this object.
/// </summary>
/// <param name="Name">As on the command line: <c>keys create</c>.</param>
internal sealed record AdminCommand<TRequest, TAnswer>(string Name, JsonTypeInfo<TRequest> Request, JsonTypeInfo<TAnswer> Answer);
