// The workloads on Node's http server.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');

const [workload, port, certificate, key] = process.argv.slice(2);
const HELLO = Buffer.from('Hello, World!');
const BROWSER = Buffer.from('<!doctype html><title>ok</title><p>Hello, Browser!');
const BIG = Buffer.from('0123456789abcdef'.repeat(65536));
const CHUNK = Buffer.alloc(1024, 's');
const FILE = path.join(os.tmpdir(), `writehead-benchmark-${process.getuid()}.bin`);
const FIELDS = [
  ['content-type', 'text/html; charset=utf-8'],
  ['cache-control', 'private, max-age=0'],
  ['etag', 'W/"2f-18c9"'],
  ['x-request-id', '7d1f3c52b7f14f1c'],
];
const COOKIES = ['session=4f1c0b7d9a2e4c52b7f1; Path=/; HttpOnly', 'theme=dark; Path=/'];

function text(res, body) {
  res.setHeader('content-type', 'text/plain');
  res.end(body);
}

const handlers = {
  plain: (req, res) => text(res, HELLO),
  async: async (req, res) => text(res, HELLO),
  idle: (req, res) => text(res, HELLO),
  browser(req, res) {
    req.headers.cookie;
    for (const [name, value] of FIELDS) res.setHeader(name, value);
    res.setHeader('set-cookie', COOKIES);
    res.end(BROWSER);
  },
  stream(req, res) {
    res.setHeader('content-type', 'text/plain');
    for (let i = 0; i < 50; i++) res.write(CHUNK);
    res.end();
  },
  big: (req, res) => text(res, BIG),
  file(req, res) {
    res.setHeader('content-type', 'text/plain');
    res.setHeader('content-length', BIG.length);
    fs.createReadStream(FILE).pipe(res);
  },
  upload(req, res) {
    let length = 0;
    req.on('data', (chunk) => { length += chunk.length; });
    req.on('end', () => text(res, String(length)));
  },
  async 'upload-iter'(req, res) {
    let length = 0;
    for await (const chunk of req) length += chunk.length;
    text(res, String(length));
  },
};

if (workload === 'websocket') {
  // npm's `ws`, installed beside the peers' environment; see peers.py.
  const { WebSocketServer } = require(path.join(__dirname, '..', '.venv', 'ws', 'node_modules', 'ws'));
  const wss = new WebSocketServer({ port: Number(port), host: '127.0.0.1', backlog: 2048 });
  wss.on('connection', ws => ws.on('message', (data, binary) => ws.send(data, { binary })));
  return;
}

const options = workload === 'idle' ? { keepAliveTimeout: 300000 } : {};
const server = certificate
  ? require('https').createServer(
    { cert: fs.readFileSync(certificate), key: fs.readFileSync(key), ...options }, handlers[workload])
  : require('http').createServer(options, handlers[workload]);
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 2048 });
