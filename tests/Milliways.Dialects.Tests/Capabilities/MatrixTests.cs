using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Capabilities;

/// <summary>docs/capabilities.md is what the code does, and nothing is lost without a word.</summary>
public sealed class MatrixTests
{
    /// <summary>What dialects 4.1 to 4.9 and 4.14 let go silently. The metadata of a Responses request is ours to repeat, no upstream's.</summary>
    private static readonly string[] Silent = ["cache marker", "reasoning shown", "reasoning switched off", "signed thinking in the history"];

    /// <summary>They prove their reasoning unasked.</summary>
    private static readonly Type[] Proves = [typeof(Dialects.Anthropic.MessagesDialect), typeof(Dialects.Gemini.GeminiDialect)];

    [Fact]
    public void The_page_is_what_the_dialects_do() => Golden.CheckDoc("capabilities.md", Matrix.Render());

    [Fact]
    public void Nothing_that_is_asked_for_is_lost_without_a_word()
    {
        var lost =
            from caller in DialectRegistry.Callers
            from upstream in DialectRegistry.Upstreams
            from feature in RequestFeatures.All
            // The sample asks for "auto", which over gRPC is said by saying nothing.
            where !(feature.Name == "service tier" && upstream.Dialect is Dialects.XaiGrpc.GrpcUpstream)
            where !Silent.Contains(feature.Name) && !(feature.Name == "encrypted reasoning wanted" && Proves.Contains(upstream.Dialect.GetType())) && !(feature.Name == "metadata" && caller.Name == "Responses") && Matrix.Cell(caller, upstream, feature) == Matrix.LeftOut
            select $"{feature.Name}: {caller.Name} to {upstream.Name}";
        Assert.Empty(lost);
    }
}
