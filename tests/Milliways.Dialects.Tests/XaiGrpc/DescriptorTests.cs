using Google.Protobuf.Reflection;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Dialects.XaiGrpc.Protos.Management;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>Our protos against a list of what xAI's are (facts.txt): a number that differs is a client that reads something else.</summary>
public sealed class DescriptorTests
{
    private static readonly FileDescriptor[] Files =
    [
        ChatReflection.Descriptor, ModelsReflection.Descriptor, TokenizeReflection.Descriptor, AuthReflection.Descriptor, EmbedReflection.Descriptor,
        ImageReflection.Descriptor, SampleReflection.Descriptor, UsageReflection.Descriptor, DeferredReflection.Descriptor,
        DocumentsReflection.Descriptor, FilesReflection.Descriptor, BatchReflection.Descriptor, VideoReflection.Descriptor,
        CollectionsReflection.Descriptor, SharedReflection.Descriptor, TypesReflection.Descriptor, StatusReflection.Descriptor,
    ];

    [Fact]
    public void Every_file_method_field_label_and_value_is_xAI_s_and_none_is_missing_or_added()
    {
        var wanted = Facts();
        var ours = Files.SelectMany(Described).ToHashSet();

        Assert.True(wanted.Count > 800, "the list of facts was not read");
        Assert.Equal([], wanted.Except(ours).Order());
        Assert.Equal([], ours.Except(wanted).Order());
    }

    [Fact]
    public void Every_service_has_a_server_base_that_the_host_can_bind()
    {
        foreach (var service in Files.SelectMany(file => file.Services))
        {
            var space = service.File.Package == "collections" ? typeof(Collections).Namespace : typeof(Dialects.XaiGrpc.Protos.Chat).Namespace;
            Assert.NotNull(typeof(Dialects.XaiGrpc.Protos.Chat).Assembly.GetType($"{space}.{service.Name}+{service.Name}Base"));
        }
    }

    private static HashSet<string> Facts()
    {
        var package = "";
        var facts = new HashSet<string>();
        foreach (var line in System.IO.File.ReadLines(Path.Combine(AppContext.BaseDirectory, "XaiGrpc", "facts.txt")))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (line.StartsWith("file ", StringComparison.Ordinal))
                package = line[(line.LastIndexOf(' ') + 1)..];
            Assert.True(facts.Add(line.StartsWith("file ", StringComparison.Ordinal) ? line : $"{package}: {line}"), $"twice: {line}");
        }
        return facts;
    }

    private static IEnumerable<string> Described(FileDescriptor file)
    {
        yield return $"file {file.Name} {file.Package}";
        foreach (var method in file.Services.SelectMany(service => service.Methods))
        {
            var request = (method.IsClientStreaming ? "stream " : "") + Named(method.InputType, file);
            var response = (method.IsServerStreaming ? "stream " : "") + Named(method.OutputType, file);
            yield return $"{file.Package}: rpc {method.Service.Name} {method.Name} {request} {response}";
        }
        foreach (var message in file.MessageTypes)
        {
            foreach (var fact in Described(message, file))
                yield return fact;
        }
        foreach (var fact in file.EnumTypes.SelectMany(e => Described(e, e.Name, file)))
            yield return fact;
    }

    private static IEnumerable<string> Described(MessageDescriptor message, FileDescriptor file)
    {
        var reserved = message.ToProto().ReservedRange.SelectMany(range => Enumerable.Range(range.Start, range.End - range.Start)).ToList();
        if (reserved.Count > 0)
            yield return $"{file.Package}: reserved {message.Name} {string.Join(' ', reserved)}";
        if (reserved.Count == 0 && message.Fields.InDeclarationOrder().Count == 0)
            yield return $"{file.Package}: message {message.Name}";
        foreach (var field in message.Fields.InDeclarationOrder())
            yield return $"{file.Package}: field {message.Name} {field.Name} {field.FieldNumber} {TypeOf(field, file)} {LabelOf(field)}";
        foreach (var nested in message.EnumTypes)
        {
            foreach (var fact in Described(nested, $"{message.Name}.{nested.Name}", file))
                yield return fact;
        }
    }

    private static IEnumerable<string> Described(EnumDescriptor values, string name, FileDescriptor file) =>
        values.Values.Select(value => $"{file.Package}: value {name} {value.Name} {value.Number}");

    private static string TypeOf(FieldDescriptor field, FileDescriptor file) => field switch
    {
        { IsMap: true } => $"map<{TypeOf(field.MessageType.Fields[1], file)},{TypeOf(field.MessageType.Fields[2], file)}>",
        { FieldType: FieldType.Message } => Named(field.MessageType, file),
        { FieldType: FieldType.Enum } => Named(field.EnumType, file),
        _ => field.FieldType.ToString().ToLowerInvariant(),
    };

    private static string LabelOf(FieldDescriptor field) => field switch
    {
        { IsMap: true } => "-",
        { IsRepeated: true } => "repeated",
        { RealContainingOneof: { } oneof } => $"oneof {oneof.Name}",
        _ when field.ToProto().Proto3Optional => "optional",
        _ => "-",
    };

    private static string Named(DescriptorBase type, FileDescriptor file) =>
        type.File.Package == file.Package ? type.FullName[(file.Package.Length + 1)..] : type.FullName;
}
