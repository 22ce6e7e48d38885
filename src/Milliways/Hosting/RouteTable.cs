using Milliways.Api;
using Milliways.Gateway;
using Milliways.Management;

namespace Milliways.Hosting;

/// <summary>All routes of the server in one table.</summary>
internal static class RouteTable
{
    public static Routes Build(IServiceProvider services)
    {
        var (api, health, start) = (services.GetRequiredService<ApiRoutes>(), services.GetRequiredService<HealthEndpoints>(), services.GetRequiredService<StartPage>());
        var rows = api.All().Concat(services.GetRequiredService<ManagementRoutes>().All()).Concat(services.GetRequiredService<AccountRoutes>().All()).ToList();
        rows.AddRange(
        [
            new("GET", "/healthz", KeyKind.None, "The process lives", HealthEndpoints.LiveAsync),
            new("GET", "/readyz", KeyKind.None, "The server can serve, part by part", health.ReadyAsync),
            new("GET", "/", KeyKind.None, "The start page", start.HandleAsync),
        ]);
        var document = new Lazy<byte[]>(() => OpenApiDocument.Write(rows, GatewayRoutes.Describe()));
        rows.Add(new("GET", "/openapi.json", KeyKind.None, "This document", async (http, _) =>
        {
            http.Response.ContentType = "application/json";
            await http.Response.Body.WriteAsync(document.Value, http.RequestAborted);
        }));
        return new Routes(rows);
    }
}
