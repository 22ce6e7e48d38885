namespace Milliways.Tests.Support.Upstreams;

internal sealed partial record Wire
{
    /// <summary>An upstream's entry in the configuration: one attempt, and no breaker that would remember the cell before.</summary>
    public string Config(string url, string timeouts) =>
        $$"""{ "dialect": "{{Dialect}}", "baseUrl": "{{url}}{{(Dialect.StartsWith("openai", StringComparison.Ordinal) ? "/v1" : "")}}", "apiKey": "{{TestServer.UpstreamKey}}", "retries": 0, "breaker": null, "timeouts": {{timeouts}} }""";
}
