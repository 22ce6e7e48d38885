// Cloudflare's ai-gateway-provider for the AI SDK. Its host is fixed in the package, so fetch is led from there to the server under test.
import { createXai } from '@ai-sdk/xai';
import { generateText, streamText } from 'ai';
import { createAiGateway } from 'ai-gateway-provider';
import { request } from './call.mjs';

const real = globalThis.fetch;
globalThis.fetch = (url, init) => real(String(url).replace('https://gateway.ai.cloudflare.com', request.base), init);

const { account, gateway, models, stream, options } = request.arguments[0];
const xai = createXai({ apiKey: 'sk-caller' });
const aigateway = createAiGateway({ accountId: account, gateway, apiKey: request.key, options });
const call = { model: aigateway(models.map(model => xai.chat(model))), prompt: 'Hello', maxRetries: 0 };
try {
  let text = '';
  let raised;
  if (stream) {
    // Errors of a stream are told to this function; the text just ends.
    for await (const piece of streamText({ ...call, onError({ error }) { raised = error; } }).textStream) text += piece;
    if (raised) throw raised;
  } else text = (await generateText(call)).text;
  console.log(JSON.stringify({ value: text }));
} catch (e) {
  console.log(JSON.stringify({ error: { name: e.constructor.name, status: e.statusCode, message: e.message } }));
}
