using System.Net;
using Milliways.Upstreams.Tenants;

namespace Milliways.Tests.Upstreams.Tenants;

/// <summary>Which addresses may be called for others than the operator (contract, "Tenants' upstreams").</summary>
public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.192")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("203.0.113.9")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("3fff::1")]
    [InlineData("5f00::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void Addresses_that_are_not_public_are_refused(string address)
    {
        Assert.False(AddressRules.IsPublic(IPAddress.Parse(address)));
        Assert.False(new AddressRules([]).MayConnect(IPAddress.Parse(address), isEncrypted: true));
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::101:101")]
    [InlineData("2606:4700::1111")]
    [InlineData("2a00:1450:4001::1")]
    public void Public_addresses_are_called_by_https_only(string address)
    {
        Assert.True(new AddressRules([]).MayConnect(IPAddress.Parse(address), isEncrypted: true));
        Assert.False(new AddressRules([]).MayConnect(IPAddress.Parse(address), isEncrypted: false));
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("fd12::1", true)]
    [InlineData("10.2.0.1", false)]
    [InlineData("127.0.0.1", false)]
    public void A_range_that_the_operator_names_is_called_by_http_too(string address, bool isAllowed)
    {
        var rules = new AddressRules(["10.1.0.0/16", "fd12::/16"]);
        Assert.Equal(isAllowed, rules.MayConnect(IPAddress.Parse(address), isEncrypted: false));
        Assert.Equal(isAllowed, rules.MayConnect(IPAddress.Parse(address), isEncrypted: true));
    }
}
