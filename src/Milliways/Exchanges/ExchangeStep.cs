using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Routing;

namespace Milliways.Exchanges;

/// <summary>
/// One of several requests that stand for each other in one exchange: it has a body, a front and a route of its own, and shares id, key, hold and charge with
/// the others. While it is the exchange's turn (<see cref="Exchange.Turn"/>), the exchange has what is kept here.
/// </summary>
internal sealed class ExchangeStep(int index, IFront front, ReadOnlyMemory<byte> body)
{
    public int Index => index;

    public IFront Front { get; set; } = front;

    public ReadOnlyMemory<byte> Body { get; set; } = body;

    public RequestFacts Facts { get; set; } = RequestFacts.None;

    public ChatRequest? Chat { get; set; }

    public string RouteName { get; set; } = "";

    public CatalogueModel? Model { get; set; }

    public bool IsPaidElsewhere { get; set; }

    public long? OutputClamp { get; set; }

    public object? FrontState { get; set; }

    public IAnswerKeeper? Keeper { get; set; }

    public IBill? Bill { get; set; }

    /// <summary>Where it goes; null as long as nobody has asked, and when it is refused.</summary>
    public Route? Route { get; set; }

    /// <summary>Why it cannot be made at all; then the next one is.</summary>
    public Failure? Refusal { get; set; }
}
