using Milliways.Routing;

namespace Milliways.Exchanges;

/// <summary>
/// A gate that must know what is asked: it stands behind the body, its facts and its route, and before any upstream (design §3, step 2). Gates are entered in
/// order; when a later one refuses, the leases of the earlier ones close with an outcome that was not admitted, and count for nothing.
/// </summary>
internal interface IAdmissionGate
{
    /// <summary>It is asked about each of an exchange's steps, whose failure its refusal is; others are asked once for all of them, and look at the steps themselves.</summary>
    bool IsForEachStep => false;

    ValueTask<Admission> EnterAsync(Exchange exchange, Route route, CancellationToken cancel);
}
