// A server of npm's `ws` that tells what happens on its connections: a line of JSON for each event.
// node ws_peer.js MODULE OPTIONS
'use strict'
const { WebSocketServer } = require(process.argv[2])
const tell = (...event) => process.stdout.write(JSON.stringify(event) + '\n')
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...JSON.parse(process.argv[3]) })
wss.on('listening', () => tell('listening', wss.address().port))
wss.on('connection', ws => {
  tell('connection', ws.protocol, ws.extensions)
  ws.on('message', (data, isBinary) => {
    tell('message', isBinary ? data.toString('hex') : data.toString(), isBinary)
    const text = data.toString()
    if (text.startsWith('do ')) eval(text.slice(3))
  })
  ws.on('ping', data => tell('ping', data.toString('hex')))
  ws.on('pong', data => tell('pong', data.toString('hex')))
  ws.on('error', error => tell('error', error.code))
  ws.on('close', (code, reason) => tell('close', code, reason.toString()))
})
