using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>
/// Reads <see cref="RequestFacts"/> in one pass. Duplicate top-level names and trailing text are refused: they would pass a rule under one name and run
/// under another (design §3). Depth is bounded at 64, and at 256 inside tool schemas (contract, "HTTP bounds").
/// </summary>
internal ref struct RequestScanner
{
    private const int MaxDepth = 64;
    private const int MaxSchemaDepth = 256;

    private Utf8JsonReader _reader;
    private MemberNames _names;
    private string? _model;
    private ByteSpan _modelAt;
    private bool _stream;
    private ByteSpan? _streamOptionsAt;
    private ByteSpan? _includeUsageAt;
    private bool _includeUsage;
    private bool _hasTools;
    private bool _hasMessages;
    private ByteSpan? _deferredAt;
    private bool _asksForSearch;
    private int _n;
    private ByteSpan? _cacheKeyAt;
    private ByteSpan? _userIdAt;
    private ByteSpan? _systemAt;
    private ByteSpan? _openingAt;
    private long? _outputCap;
    private List<ByteSpan>? _outputCapsAt;
    private long _promptBytes;
    private int _messages;
    private bool _hasUnseenInput;
    private Failure? _failure;

    private RequestScanner(ReadOnlySpan<byte> body)
    {
        _reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxSchemaDepth });
        _n = 1;
    }

    public static Reading<RequestFacts> Read(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
            return Failure.Invalid("The request body is empty: send a JSON object.");
        if (!Utf8.IsValid(body))
            return Failure.Invalid("The request body is not UTF-8: encode it as UTF-8.");
        try
        {
            var scanner = new RequestScanner(body);
            return scanner.ReadObject();
        }
        catch (JsonException broken)
        {
            return Failure.Invalid(JsonPlace.Describe(broken));
        }
        catch (InvalidOperationException)
        {
            // The reader's word for an escape such as \ud800 without its other half, found only when the text is taken out.
            return Failure.Invalid("A text of the request body has half of a surrogate pair: escape whole characters.");
        }
    }

    private Reading<RequestFacts> ReadObject()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            // Broken text behind the first token is worse news than its type.
            while (_reader.Read()) { }
            return Failure.Unprocessable("The request body must be a JSON object.");
        }
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            ReadMember();
        var end = (int)_reader.TokenStartIndex;
        while (_reader.Read()) { } // trailing text throws here
        if (_failure is not null)
            return _failure;
        if (_model is null)
            return Failure.Unprocessable("missing field `model`: name the model, such as \"grok-beta\".", "model");
        return new RequestFacts
        {
            Model = _model,
            ModelAt = _modelAt,
            Stream = _stream,
            IncludeUsage = _includeUsage,
            StreamOptionsAt = _streamOptionsAt,
            IncludeUsageAt = _includeUsageAt,
            HasMessages = _hasMessages,
            HasTools = _hasTools,
            DeferredAt = _deferredAt,
            AsksForSearch = _asksForSearch,
            N = _n,
            CacheKeyAt = _cacheKeyAt,
            UserIdAt = _userIdAt,
            SystemAt = _systemAt,
            OpeningAt = _openingAt,
            OutputCap = _outputCap,
            OutputCapsAt = (IReadOnlyList<ByteSpan>?)_outputCapsAt ?? [],
            PromptBytes = _promptBytes,
            Messages = _messages,
            HasUnseenInput = _hasUnseenInput || _asksForSearch,
            End = end,
        };
    }

    private void ReadMember()
    {
        var name = (_reader.ValueIsEscaped ? null : MemberNames.Find(_reader.ValueSpan)) ?? _reader.GetString()!;
        if (!_names.Add(name))
            _failure ??= Failure.Invalid($"The member \"{name}\" stands twice in the request body: keep one.", name);
        _reader.Read();
        switch (name)
        {
            case "model":
                ReadModel();
                break;
            case "stream":
                if (_reader.TokenType is JsonTokenType.True or JsonTokenType.False)
                    _stream = _reader.GetBoolean();
                else if (_reader.TokenType != JsonTokenType.Null)
                    Wrong("stream", "a boolean");
                SkipValue(MaxDepth);
                break;
            case "messages":
                _hasMessages = _reader.TokenType == JsonTokenType.StartArray;
                if (!_hasMessages && _reader.TokenType != JsonTokenType.Null)
                    Wrong(name, "a list");
                ReadConversation();
                break;
            case "input":
                ReadConversation();
                break;
            case "prompt":
                _hasUnseenInput |= _reader.TokenType == JsonTokenType.StartObject; // a stored one
                SkipText(MaxDepth, counts: true);
                break;
            case "system" or "instructions":
                _systemAt = SkipPlace(isText: true);
                break;
            case "max_tokens" or "max_completion_tokens" or "max_output_tokens" or "max_tokens_to_sample":
                ReadOutputCap();
                break;
            case "previous_response_id" or "conversation":
                _hasUnseenInput |= _reader.TokenType != JsonTokenType.Null;
                SkipValue(MaxDepth);
                break;
            case "prompt_cache_key":
                _cacheKeyAt = _reader.TokenType == JsonTokenType.String && _reader.ValueSpan.Length > 0 ? SkipPlace() : null;
                SkipValue(MaxDepth);
                break;
            case "metadata":
                ReadMetadata();
                break;
            case "n":
                _n = _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var wanted) ? wanted : 1;
                SkipValue(MaxDepth);
                break;
            case "deferred":
                if (_reader.TokenType == JsonTokenType.True)
                    _deferredAt = new ByteSpan((int)_reader.TokenStartIndex, 4);
                else if (_reader.TokenType is not (JsonTokenType.False or JsonTokenType.Null))
                    Wrong("deferred", "a boolean");
                SkipValue(MaxDepth);
                break;
            case "stream_options":
                ReadStreamOptions();
                break;
            case "search_parameters":
                ReadSearch();
                break;
            case "tools" when _reader.TokenType == JsonTokenType.StartArray:
                _hasTools = true;
                ReadTools();
                break;
            case "tools" or "functions" or "response_format" or "output_config" or "output_format" or "text":
                _hasTools |= name is "tools" or "functions" && _reader.TokenType == JsonTokenType.StartArray;
                SkipValue(MaxSchemaDepth);
                break;
            default:
                SkipValue(MaxDepth);
                break;
        }
    }

    private void ReadModel()
    {
        var start = (int)_reader.TokenStartIndex;
        if (_reader.TokenType == JsonTokenType.String)
        {
            _model = _reader.GetString()!;
            _modelAt = new ByteSpan(start, (int)_reader.BytesConsumed - start);
            if (_model.Length == 0)
                _failure ??= Failure.Unprocessable("`model` is empty: name the model, such as \"grok-beta\".", "model");
        }
        else
            Wrong("model", "a text");
        SkipValue(MaxDepth);
    }

    private void ReadStreamOptions()
    {
        var start = (int)_reader.TokenStartIndex;
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            if (_reader.TokenType != JsonTokenType.Null)
                Wrong("stream_options", "an object");
            SkipValue(MaxDepth);
        }
        else
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                var wanted = _reader.ValueTextEquals("include_usage"u8);
                _reader.Read();
                if (wanted)
                    _includeUsage = _reader.TokenType == JsonTokenType.True;
                var valueStart = (int)_reader.TokenStartIndex;
                SkipValue(MaxDepth);
                if (wanted)
                    _includeUsageAt = new ByteSpan(valueStart, (int)_reader.BytesConsumed - valueStart);
            }
        _streamOptionsAt = new ByteSpan(start, (int)_reader.BytesConsumed - start);
    }

    private void ReadSearch()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            SkipValue(MaxDepth);
            return;
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMode = _reader.ValueTextEquals("mode"u8);
            _reader.Read();
            // The last of two counts, as it would at the upstream.
            if (isMode)
                _asksForSearch = _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals("on"u8);
            SkipValue(MaxDepth);
        }
    }

    /// <summary>Notes where the conversation stands up to its first user turn, whose role may stand anywhere in it.</summary>
    private void ReadConversation()
    {
        var start = (int)_reader.TokenStartIndex;
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            var place = SkipPlace(isText: true);
            _openingAt ??= place;
            return;
        }
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            _messages++;
            if (_openingAt is null && _reader.TokenType == JsonTokenType.StartObject)
            {
                if (ReadIsUser())
                    _openingAt = new ByteSpan(start, (int)_reader.BytesConsumed - start);
            }
            else
                SkipText(MaxDepth, counts: true);
        }
    }

    /// <summary>Tools that run at the upstream put into the prompt what nobody here sees.</summary>
    private void ReadTools()
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (_reader.TokenType != JsonTokenType.StartObject)
            {
                SkipValue(MaxSchemaDepth);
                continue;
            }
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = _reader.ValueTextEquals("type"u8);
                _reader.Read();
                if (isType && _reader.TokenType == JsonTokenType.String)
                    _hasUnseenInput |= HostedTools.Is(_reader.ValueSpan);
                SkipValue(MaxSchemaDepth);
            }
        }
    }

    private void ReadOutputCap()
    {
        if (_reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var cap))
        {
            _outputCap = Math.Max(_outputCap ?? 0, cap);
            (_outputCapsAt ??= []).Add(new ByteSpan((int)_reader.TokenStartIndex, _reader.ValueSpan.Length));
        }
        SkipValue(MaxDepth);
    }

    /// <summary>Passes over a value and counts its texts: all of them that stand where text stands, or only those under names of text.</summary>
    private void SkipText(int most, bool counts)
    {
        if (_reader.TokenType == JsonTokenType.String && counts)
            _promptBytes += _reader.ValueSpan.Length;
        if (_reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        var depth = _reader.CurrentDepth;
        while (_reader.Read() && _reader.CurrentDepth > depth)
            switch (_reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    counts = IsText(_reader.ValueSpan);
                    break;
                case JsonTokenType.String when counts:
                    _promptBytes += _reader.ValueSpan.Length;
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray when _reader.CurrentDepth >= most:
                    TooDeep(most);
                    break;
            }
    }

    private static bool IsText(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("content"u8) || name.SequenceEqual("text"u8) || name.SequenceEqual("arguments"u8) || name.SequenceEqual("output"u8)
        || name.SequenceEqual("thinking"u8) || name.SequenceEqual("reasoning_content"u8) || name.SequenceEqual("input"u8);

    /// <summary>Passes over one message; true when it is the user's.</summary>
    private bool ReadIsUser()
    {
        var isUser = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRole = _reader.ValueTextEquals("role"u8);
            var isText = IsText(_reader.ValueSpan);
            _reader.Read();
            isUser |= isRole && _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals("user"u8);
            SkipText(MaxDepth, isText);
        }
        return isUser;
    }

    private void ReadMetadata()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            SkipValue(MaxDepth);
            return;
        }
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = _reader.ValueTextEquals("user_id"u8);
            _reader.Read();
            var isText = _reader.TokenType == JsonTokenType.String;
            var place = SkipPlace();
            if (wanted && isText)
                _userIdAt = new ByteSpan(place.Start + 1, place.Length - 2); // without its quotes
        }
    }

    /// <summary>Passes over a value and tells where it stands.</summary>
    private ByteSpan SkipPlace(bool isText = false)
    {
        var start = (int)_reader.TokenStartIndex;
        if (isText)
            SkipText(MaxDepth, counts: true);
        else
            SkipValue(MaxDepth);
        return new ByteSpan(start, (int)_reader.BytesConsumed - start);
    }

    /// <summary>Passes over the value the reader stands on, minding the depth.</summary>
    private void SkipValue(int most)
    {
        if (_reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        var depth = _reader.CurrentDepth;
        while (_reader.Read() && _reader.CurrentDepth > depth)
            if (_reader.CurrentDepth >= most && _reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                TooDeep(most);
    }

    private void TooDeep(int most) =>
        _failure ??= Failure.Invalid(string.Create(CultureInfo.InvariantCulture, $"The request body is nested deeper than {most} levels."));

    private void Wrong(string name, string expected) =>
        _failure ??= Failure.Unprocessable($"`{name}` must be {expected}, not {Describe(_reader.TokenType)}.", name);

    private static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "this number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };
}
