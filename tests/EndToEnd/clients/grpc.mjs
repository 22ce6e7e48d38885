// Drives the unmodified @grpc/grpc-js with protos from a folder: a first line says where, then each line is a command, and each line printed is an event.
//   {"address":"127.0.0.1:4243","protos":"/…/Protos","ca":null|PEM,"options":{channel options}}
//   {"call":ID,"method":"Chat/GetCompletion","request":{…},"metadata":{…},"timeoutMs":N}   {"cancel":ID}
// Events: {"id":ID,"head":{…}}, {"id":ID,"message":{…}}, {"id":ID,"end":{"code":"OK","details":"","trailers":{…}}},
//   and of the wire {"connections":N}, {"pings":N answered}, {"goaway":CODE}, {"encodings":[of the request, of the answer]}
import http2 from 'node:http2';
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const say = event => console.log(JSON.stringify(event, (_, value) => typeof value === 'string' && value.length > 100_000 ? `${value.length} characters` : value));

// What the library does with its connections it tells nobody, so it is watched at the door that it goes through.
const { connect } = http2;
let [connections, pings] = [0, 0];
http2.connect = (...words) => {
  const session = connect(...words), ping = session.ping.bind(session), request = session.request.bind(session), emit = session.emit.bind(session);
  session.ping = (...args) => {
    const done = args.pop();
    return ping(...args, (error, ...rest) => { if (!error) say({ pings: ++pings }); done(error, ...rest); });
  };
  session.request = (headers, ...rest) =>
    request(headers, ...rest).on('response', answer => say({ encodings: [headers['grpc-encoding'] ?? 'identity', answer['grpc-encoding'] ?? 'identity'] }));
  // Not a listener: the library removes them all.
  session.emit = (name, ...facts) => {
    if (name === 'goaway') say({ goaway: facts[0] });
    return emit(name, ...facts);
  };
  say({ connections: ++connections });
  return session;
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { address, protos, ca, options } = JSON.parse((await lines.next()).value);
const files = ['auth', 'batch', 'chat', 'documents', 'embed', 'files', 'image', 'models', 'sample', 'tokenize', 'video'].map(name => `xai/api/v1/${name}.proto`);
const definition = loadSync(files, { includeDirs: [protos], keepCase: true, longs: Number, enums: String, bytes: String });
const channel = new grpc.Client(address, ca ? grpc.credentials.createSsl(Buffer.from(ca)) : grpc.credentials.createInsecure(),
  { 'grpc.max_receive_message_length': 20 << 20, 'grpc.max_send_message_length': -1, ...options });

const running = {};
for (let line; !(line = await lines.next()).done;) {
  const command = JSON.parse(line.value);
  if (command.cancel) running[command.cancel].cancel();
  else start(command);
}
channel.close();

function start({ call: id, method, request, metadata, timeoutMs }) {
  const [service, name] = method.split('/');
  // A method that is in no proto is sent nothing and read as nothing.
  const known = definition[`xai_api.${service}`]?.[name] ?? { path: `/xai_api.${service}/${name}`, requestSerialize: () => Buffer.alloc(0), responseDeserialize: () => ({}) };
  const sent = new grpc.Metadata();
  for (const key in metadata) sent.set(key, metadata[key]);
  const words = [known.path, known.requestSerialize, known.responseDeserialize, expand(request), sent, timeoutMs ? { deadline: Date.now() + timeoutMs } : {}];
  const stream = known.responseStream
    ? channel.makeServerStreamRequest(...words)
    : channel.makeUnaryRequest(...words, (error, message) => { if (!error) say({ id, message }); });
  running[id] = stream;
  stream.on('metadata', head => say({ id, head: head.getMap() }));
  if (known.responseStream) stream.on('data', message => say({ id, message })).on('error', () => {}); // the status says it
  stream.on('status', ({ code, details, metadata: trailers }) => { delete running[id]; say({ id, end: { code: grpc.status[code], details, trailers: trailers.getMap() } }); });
}

/** {"$repeat":["text",N]} stands for a text that no line of JSON should hold. */
function expand(value) {
  if (Array.isArray(value)) return value.map(expand);
  if (value === null || typeof value !== 'object') return value;
  if (value.$repeat) return value.$repeat[0].repeat(value.$repeat[1]);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expand(member)]));
}
