using Milliways.Hosting;
using Milliways.Storage;
using Npgsql;

namespace Milliways.Tests.Storage;

public sealed class DatabaseAddressTests
{
    [Theory]
    [InlineData("postgres://u:p@db.example:6543/books?sslmode=verify-full", "db.example", 6543, "books", "u", "p")]
    [InlineData("postgresql://db/books", "db", 5432, "books", null, null)]
    [InlineData("postgres://u%40x:p%2F%3A@[::1]:1/b%20c", "::1", 1, "b c", "u@x", "p/:")]
    [InlineData("postgres://u:a@b@db/books", "db", 5432, "books", "u", "a@b")]
    [InlineData("postgres://u@%2Frun%2Fpostgresql/books", "/run/postgresql", 5432, "books", "u", null)]
    [InlineData("postgres:///books?host=/run/postgresql&port=5433&user=u&password=p", "/run/postgresql", 5433, "books", "u", "p")]
    [InlineData("postgres://u@/books", "localhost", 5432, "books", "u", null)]
    public void An_address_is_read_as_libpq_reads_it(string text, string host, int port, string database, string? user, string? password)
    {
        var read = PostgresUri.Parse(text);
        Assert.Equal((host, port, database, user, password), (read.Host, read.Port, read.Database, read.Username, read.Password));
        Assert.Equal(text.Contains("verify-full", StringComparison.Ordinal) ? SslMode.VerifyFull : SslMode.Prefer, read.SslMode);
    }

    [Theory]
    [InlineData("mysql://u:secret@db/books", "does not begin with postgres://")]
    [InlineData("postgres://u:secret@db", "names no database")]
    [InlineData("postgres://u:secret@a,b/books", "several hosts")]
    [InlineData("postgres://u:secret@db:x/books", "port")]
    [InlineData("postgres://u:secret@db/books?sslmode=maybe", "sslmode")]
    [InlineData("postgres://u:secret@db/books?pool=3", "parameter pool")]
    public void A_wrong_address_is_told_without_its_password(string text, string told)
    {
        var error = Assert.Throws<UserErrorException>(() => DatabaseAddress.Parse(text, "/"));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
        Assert.Contains("--database", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_is_not_there_is_told_with_what_was_tried_and_without_the_password()
    {
        using var closed = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        closed.Start();
        var port = ((System.Net.IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        var error = Assert.Throws<UserErrorException>(() => LedgerDatabase.Open(DatabaseAddress.Parse($"postgres://u:secret@127.0.0.1:{port}/books", "/")));
        Assert.Contains($"postgres://u@127.0.0.1:{port}/books", error.Message, StringComparison.Ordinal);
        Assert.Contains("start PostgreSQL", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null), InlineData("")]
    public void Without_an_address_the_data_is_in_files(string? text) => Assert.Equal(("/data", null), (DatabaseAddress.Parse(text, "/data").Directory, DatabaseAddress.Parse(text, "/data").Postgres));
}
