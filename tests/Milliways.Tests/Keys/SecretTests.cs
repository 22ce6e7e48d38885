using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Keys;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Keys;

/// <summary>What must be shown once and never again is nowhere: no file, no log line, no audit row, no answer.</summary>
public sealed class SecretTests
{
    private const string Password = "Correct-Horse-9-Battery";

    [Fact]
    public async Task Keys_tokens_and_passwords_are_in_no_file_no_log_no_audit_row_and_no_later_answer()
    {
        var log = new EveryLine();
        await using var server = await TestServer.StartAsync("""{ "registration": { "enabled": true } }""", more: services => services.AddSingleton<ILoggerProvider>(log));
        var (keys, members, operators) = (server.Service<KeyCommands>(), server.Service<MemberCommands>(), OperatorActor.Instance);
        var (key, first) = keys.Create(operators, null, new KeySettings("k"));
        var rotated = keys.Rotate(operators, key.Id.ToString("D")).Text;
        var management = server.Service<ManagementKeyCommands>().Create(operators, null, "m", null, null).Text;
        var token = members.Invite(operators, null, "ann@example.org", Role.Owner).Token;
        Assert.Equal(200, (await server.PostAsync("/console/api/invitations/accept", $$"""{"token":"{{token}}","password":"{{Password}}"}""", ("Authorization", ""))).Status);
        var registered = (await server.PostAsync("/console/api/register", $$"""{"email":"bob@example.org","password":"{{Password}}2"}""", ("Authorization", ""))).Json.GetProperty("key").GetString()!;
        var unused = members.Invite(operators, null, "eve@example.org", Role.Member).Token;
        var reset = members.ResetPassword(operators, "ann@example.org").Password;
        string[] secrets = [server.Key, first, rotated, management, token, unused, registered, Password, reset];

        var answers = new StringBuilder();
        foreach (var credential in new[] { first, rotated, management, first[..^1] + "x", management + "x", "Bearer", token })
            foreach (var path in new[] { "/v1/api-key", "/v1/models", "/v1/nothing", "/management/auth/management-keys/validation", $"/management/auth/teams/{server.Account}/api-keys", $"/management/audit/teams/{server.Account}/events" })
            {
                var answer = await server.GetAsync(path, ("Authorization", "Bearer " + credential));
                answers.AppendLine(answer.Message.ToString()).AppendLine(answer.Text);
            }
        var audit = string.Join('\n', server.Service<TeamCommands>().Audit(operators, null, 1000, null));
        server.Service<LedgerDatabase>().Execute("PRAGMA wal_checkpoint(PASSIVE)");
        foreach (var secret in secrets)
        {
            // The middle of it, so that a shortened form counts too.
            var part = secret[(secret.Length / 4)..(secret.Length * 3 / 4)];
            Assert.DoesNotContain(part, answers.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(part, audit, StringComparison.Ordinal);
            Assert.DoesNotContain(part, log.Text, StringComparison.Ordinal);
            foreach (var file in Directory.GetFiles(server.Data, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) is not ("lock" or "admin.sock")))
                Assert.True((await FileBytes.ReadAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(part)) < 0, $"{Path.GetFileName(file)} holds {part}");
        }
    }

    private sealed class EveryLine : ILoggerProvider, ILogger
    {
        private readonly StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_text)
                    return _text.ToString();
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_text)
                _text.AppendLine(formatter(state, exception)).AppendLine(exception?.ToString());
        }

        public void Dispose()
        {
        }
    }
}
