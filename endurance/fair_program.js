// What fair_program.py does, for Node.
const http = require('node:http');

const BEAT = 2;
let late = 0;
let due = performance.now() + BEAT;

function beat() {
  late = Math.max(late, performance.now() - due);
  due = performance.now() + BEAT;
  setTimeout(beat, BEAT);
}
setTimeout(beat, BEAT);

async function read(req, res) {
  let size = 0;
  for await (const chunk of req) size += chunk.length;
  res.end(String(size));
}

function listen(req, res) {
  if (req.url === '/hello') {
    res.end('Hello, world!');
  } else if (req.url === '/data') {
    let size = 0;
    req.on('data', (chunk) => { size += chunk.length; });
    req.on('end', () => res.end(String(size)));
  } else if (req.url.startsWith('/probe')) {
    res.end(JSON.stringify({ late_ms: Math.round(late * 10) / 10, longest_ms: 0, longest: '' }));
    if (req.url.endsWith('reset')) { late = 0; due = performance.now() + BEAT; }
  } else if (req.url === '/unread') {
    setTimeout(() => res.end('unread'), 1500);
  } else {
    read(req, res).catch(() => {});
  }
}

const options = {};
for (const [name, value] of Object.entries(JSON.parse(process.env.OPTIONS || '{}'))) {
  options[name.replace(/_./g, (found) => found[1].toUpperCase())] = value;
}
const server = http.createServer(options, listen);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(server.address().port));
