// The same https server as in test_https.py, on Node: one server per line of options, its log on demand.
'use strict';
const https = require('https');
const { key, cert, ca, servers } = JSON.parse(process.argv[2]);
const logs = {};
const ports = {};

function follow(log, emitter, name, events) {
  for (const event of events) {
    emitter.on(event, (value) => {
      if (event === 'data') return;
      const told = value instanceof Error ? value.code : typeof value === 'boolean' ? String(value) : '';
      log.push([name, `${event} ${told}`.trim()]);
    });
  }
}

for (const [name, options] of Object.entries(servers)) {
  const log = (logs[name] = []);
  const { silent, ...rest } = options;
  const server = https.createServer({ key, cert, ca, ...rest }, (req, res) => {
    log.push(['server', `request ${req.url} ${req.socket.authorized} ${req.socket.alpnProtocol}`]);
    follow(log, req, 'req', ['end', 'close', 'aborted']);
    follow(log, res, 'res', ['finish', 'close']);
    req.resume();
    if (req.url === '/destroy') req.socket.destroy();
    else res.end(req.url === '/big' ? Buffer.alloc(30e6) : 'pong');
  });
  server.on('connection', (socket) => {
    log.push(['server', `connection ${!!socket.encrypted}`]);
    follow(log, socket, 'raw', ['end', 'finish', 'error', 'close']);
  });
  server.on('secureConnection', (socket) => {
    log.push(['server', 'secureConnection']);
    follow(log, socket, 'tls', ['end', 'finish', 'error', 'close']);
  });
  if (!silent) {
    for (const event of ['clientError', 'tlsClientError']) {
      server.on(event, (error, socket) => {
        log.push(['server', `${event} ${error.code} ${socket.destroyed}`]);
        socket.destroy();
      });
    }
  }
  server.listen(0, '127.0.0.1', () => {
    ports[name] = server.address().port;
    if (Object.keys(ports).length === Object.keys(servers).length) console.log(JSON.stringify(ports));
  });
}

require('readline').createInterface({ input: process.stdin }).on('line', (name) => {
  const settled = (size) => {
    const log = logs[name];
    const open = log.filter(([, what]) => what.startsWith('connection')).length -
      log.filter(([who, what]) => who === 'raw' && what.startsWith('close')).length;
    if (open || log.length !== size) setTimeout(settled, 30, log.length);
    else console.log(JSON.stringify(log.splice(0)));
  };
  settled(-1);
}).on('close', () => process.exit());
