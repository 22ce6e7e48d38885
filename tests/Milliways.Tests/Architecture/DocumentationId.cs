using System.Reflection;

namespace Milliways.Tests.Architecture;

/// <summary>The ids by which documentation files and BannedSymbols.txt name members, made from metadata.</summary>
internal static class DocumentationId
{
    public static string Of(Type type) => "T:" + Name(type);

    public static string Of(PropertyInfo property) => $"P:{Name(property.DeclaringType!)}.{property.Name}{Parameters(property.GetIndexParameters())}";

    public static string Of(MethodBase method)
    {
        var arity = method.IsGenericMethodDefinition ? $"``{method.GetGenericArguments().Length}" : "";
        return $"M:{Name(method.DeclaringType!)}.{method.Name.Replace('.', '#')}{arity}{Parameters(method.GetParameters())}";
    }

    private static string Parameters(ParameterInfo[] parameters) =>
        parameters.Length == 0 ? "" : $"({string.Join(',', parameters.Select(parameter => Reference(parameter.ParameterType)))})";

    /// <summary>A type where it is declared: generic ones with their number of parameters. What has no full name, such as a pointer to a function, is never banned.</summary>
    private static string Name(Type type) => (type.FullName ?? type.Name).Replace('+', '.');

    /// <summary>A type where it is used: generic ones with their arguments.</summary>
    private static string Reference(Type type)
    {
        if (type.IsGenericParameter)
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        if (type.IsByRef)
            return Reference(type.GetElementType()!) + "@";
        if (type.IsPointer)
            return Reference(type.GetElementType()!) + "*";
        if (type.IsSZArray)
            return Reference(type.GetElementType()!) + "[]";
        if (!type.IsGenericType)
            return Name(type);
        var open = Name(type.GetGenericTypeDefinition());
        return $"{open[..open.LastIndexOf('`')]}{{{string.Join(',', type.GetGenericArguments().Select(Reference))}}}";
    }
}
