// The handler of peers.py on Node: the same report, the same reflections.
'use strict';
const http = require('node:http');
const crypto = require('node:crypto');

const reflections = {
  'status-message': (res, text) => { res.statusMessage = text; },
  'write-head-reason': (res, text) => res.writeHead(200, text),
  'header-value': (res, text) => res.setHeader('X-Reflect', text),
  'header-list': (res, text) => res.setHeader('X-Reflect', ['ok', text]),
  'header-name': (res, text) => res.setHeader(text, 'v'),
  'append-header': (res, text) => { res.appendHeader('X-Reflect', 'ok'); res.appendHeader('X-Reflect', text); },
  'append-name': (res, text) => res.appendHeader(text, 'v'),
  'set-headers': (res, text) => res.setHeaders(new Map([['X-Reflect', text]])),
  'set-headers-name': (res, text) => res.setHeaders(new Map([[text, 'v']])),
  'write-head-value': (res, text) => res.writeHead(200, { 'X-Reflect': text }),
  'write-head-name': (res, text) => res.writeHead(200, { [text]: 'v' }),
  'write-head-flat': (res, text) => res.writeHead(200, ['X-Reflect', text]),
  'write-head-merged': (res, text) => { res.setHeader('X-Other', '1'); res.writeHead(200, { 'X-Reflect': text }); },
  'trailer-value': (res, text) => { res.write('body'); res.addTrailers({ 'X-Reflect': text }); },
  'trailer-name': (res, text) => { res.write('body'); res.addTrailers({ [text]: 'v' }); },
  'hint-link': (res, text) => res.writeEarlyHints({ link: text }),
  'hint-links': (res, text) => res.writeEarlyHints({ link: ['</a>; rel=preload', text] }),
  'hint-value': (res, text) => res.writeEarlyHints({ 'link': '</a>; rel=preload', 'X-Reflect': text }),
  'hint-name': (res, text) => res.writeEarlyHints({ 'link': '</a>; rel=preload', [text]: 'v' }),
  'info-value': (res, text) => res.writeInformation(103, { 'X-Reflect': text }),
  'info-name': (res, text) => res.writeInformation(103, { [text]: 'v' }),
  'held-list': (res, text) => { res.setHeader('X-Reflect', ['ok']); res.getHeader('X-Reflect').push(text); },
  'held-headers': (res, text) => { res.setHeader('X-Reflect', ['ok']); res.getHeaders()['x-reflect'].push(text); },
  'write-head-list': (res, text) => res.writeHead(200, { 'X-Reflect': ['ok', text] }),
  'trailer-list': (res, text) => { res.write('body'); res.addTrailers({ 'X-Reflect': ['ok', text] }); },
  'trailer-pairs': (res, text) => { res.write('body'); res.addTrailers([['X-Reflect', text]]); },
  'hint-list': (res, text) => res.writeEarlyHints({ 'link': '</a>; rel=preload', 'X-Reflect': ['ok', text] }),
  'info-list': (res, text) => res.writeInformation(103, { 'X-Reflect': ['ok', text] }),
  'cookie-list': (res, text) => res.setHeader('Set-Cookie', ['a=b', text]),
  'content-disposition': (res, text) => res.setHeader('Content-Disposition', text),
  'trailer-field': (res, text) => res.setHeader('Trailer', text),
  'connection-value': (res, text) => res.setHeader('Connection', text),
  'content-length-value': (res, text) => res.setHeader('Content-Length', text),
  'body': (res, text) => res.write(text),
};

const server = http.createServer((req, res) => {
  if (req.url.startsWith('/reflect/')) {
    const [, , where, hex] = req.url.split('/');
    try {
      reflections[where](res, Buffer.from(hex, 'hex').toString('utf8'));
      res.end();
    } catch {
      if (res.headersSent) return res.destroy();
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      res.statusCode = 500;
      res.statusMessage = undefined;
      res.end('refused');
    }
    return;
  }
  const digest = crypto.createHash('sha1');
  let size = 0;
  req.on('data', (chunk) => { size += chunk.length; digest.update(chunk); });
  req.on('error', () => {});
  req.on('end', () => {
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({
      method: req.method,
      url: req.url,
      body_len: size,
      body_sha1: digest.digest('hex'),
      headers: req.rawHeaders,
    }));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
