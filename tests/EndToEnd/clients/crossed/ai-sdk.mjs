import { createXai } from '@ai-sdk/xai';
import { generateObject, generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { drive, functions, job, Weather } from './drive.mjs';

const xai = createXai({ apiKey: job.key, baseURL: job.base + '/v1' });
const models = { chat: name => xai.chat(name), responses: name => xai.responses(name) };
const model = call => models[job.api](call.model);
// Errors of a stream are told to this function; what counts is what the promises do.
const silent = { onError() {} };

const body = (call, more) => ({ model: model(call), prompt: call.text, maxRetries: 0, ...more });
const told = async answer => {
  const usage = await answer.totalUsage;
  return {
    text: await answer.text,
    ending: await answer.finishReason,
    input: usage.inputTokens,
    output: usage.outputTokens,
    reasoning: (await answer.reasoningText) ?? '',
  };
};
const ask = async call => told(await generateText(body(call)));
// A limit of retries that is not given is the package's own.
const askPatiently = async call => told(await generateText({ model: model(call), prompt: call.text }));
const toolbox = calls => Object.fromEntries(Object.entries(functions(calls)).map(([name, { description, schema, run }]) => [name, tool({ description, inputSchema: schema, execute: run })]));
const thinking = { providerOptions: { xai: { reasoningEffort: 'low' } } };
const picture = async (call, image) => told(await generateText({
  model: model(call),
  maxRetries: 0,
  messages: [{ role: 'user', content: [{ type: 'text', text: call.text }, { type: 'image', image }] }],
}));

await drive({
  chat: ask,
  async stream(call) {
    const stream = streamText(body(call, silent));
    const result = { pieces: 0 };
    for await (const piece of stream.textStream) if (piece) result.pieces++;
    return { ...result, ...(await told(stream)) };
  },
  final: async call => told(streamText(body(call, silent))),
  async tools(call) {
    const calls = [];
    const { text } = await generateText(body(call, { tools: toolbox(calls), stopWhen: stepCountIs(3) }));
    return { text, calls };
  },
  async 'tools, streamed'(call) {
    const calls = [];
    const stream = streamText(body(call, { tools: toolbox(calls), stopWhen: stepCountIs(3), ...silent }));
    await stream.consumeStream();
    return { text: await stream.text, calls };
  },
  schema: async call => ({ object: (await generateObject(body(call, { schema: Weather }))).object }),
  'schema, streamed': async call => ({ object: await streamText(body(call, { output: Output.object({ schema: Weather }), ...silent })).output }),
  picture: call => picture(call, job.picture),
  'picture by address': call => picture(call, new URL(job.pictureAddress)),
  reasoning: async call => told(await generateText(body(call, thinking))),
  'reasoning, streamed': async call => told(streamText(body(call, { ...thinking, ...silent }))),
  'Retry-After': askPatiently,
  'retry of a 503': askPatiently,
  '429': ask,
  '400': ask,
  'upstream 401': ask,
  '500': ask,
  cut: async call => told(streamText(body(call, silent))),
});
