// Plays scenarios of test_readable.py on Node's stream.Readable and prints their logs as JSON.
'use strict';

const { Readable } = require('stream');
const { EventEmitter } = require('events');

const told = (value) => {
  if (value === null || value === undefined) return 'None';
  if (Buffer.isBuffer(value)) return 'b:' + value.toString('latin1');
  if (typeof value === 'string') return 's:' + value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value instanceof Error) return value.code || value.message;
  return String(value);
};

// The flags that http.IncomingMessage sets on itself.
class Source extends Readable {
  constructor(mark, supply) {
    super({ highWaterMark: mark });
    this._readableState.readingMore = true;
    this.setMaxListeners(0);
    this.asked = false;
    this.supply = supply;
  }

  _read() {
    if (!this.asked) {
      this._readableState.readingMore = false;
      this.asked = true;
    }
    if (this.supply && this.supply.length) {
      const piece = this.supply.shift();
      this.push(piece === null ? null : Buffer.from(piece, 'latin1'));
    }
  }
}

class Dest extends EventEmitter {
  constructor(id, answers, log) {
    super();
    this.id = id;
    this.answers = answers;
    this.log = log;
    this.on('pipe', () => log.push(`pipe ${id}`));
    this.on('unpipe', () => log.push(`unpipe ${id}`));
    this.on('error', (error) => log.push(`error ${id} ${told(error)}`));
  }

  write(chunk) {
    this.log.push(`write ${this.id} ${told(chunk)}`);
    const answer = this.answers.length ? this.answers.shift() : true;
    if (answer === 'throw') throw new Error('failed');
    return answer;
  }

  end() {
    this.log.push(`end ${this.id}`);
    this.emit('finish');
  }

  destroy(error) {
    this.log.push(`destroy ${this.id} ${told(error)}`);
  }
}

class Stage {
  constructor(scenario) {
    this.log = [];
    this.source = new Source(scenario.mark, scenario.supply);
    this.dests = {};
    this.listeners = {};
    this.source.on('error', (error) => this.log.push(`error ${told(error)}`));
    this.source.on('close', () => this.log.push('close'));
    this.depth = 0;
    this.fuel = 8;
  }

  listener(event, id, ops) {
    const listener = (value) => {
      this.log.push(`${event} @${id}` + (event === 'data' ? ' ' + told(value) : ''));
      if (this.depth < 4 && this.fuel-- > 0) {
        this.depth += 1;
        this.play(ops);
        this.depth -= 1;
      }
    };
    this.listeners[id] = listener;
    return listener;
  }

  play(ops) {
    for (const op of ops) this.one(op);
  }

  one([verb, ...args]) {
    const s = this.source;
    if (['pipe', 'unpipe', 'tell'].includes(verb) && args.length && !(args[0] in this.dests)) return;
    switch (verb) {
      case 'push': if (!s._readableState.ended) s.push(Buffer.from(args[0], 'latin1')); break;
      case 'end': s.push(null); break;
      case 'on': case 'once': case 'prependListener':
        s[verb](args[0], this.listener(args[0], args[1], args[2])); break;
      case 'off': if (this.listeners[args[1]]) s.off(args[0], this.listeners[args[1]]); break;
      case 'removeAll':
        if (args[0] === undefined) {
          s.removeAllListeners();
        } else {
          s.removeAllListeners(args[0]);
        }
        break;
      case 'pause': case 'resume': s[verb](); break;
      case 'read': this.log.push('read ' + told(args.length ? s.read(args[0]) : s.read())); break;
      case 'unshift': {
        const answer = s.unshift(args[1] ? args[0] : Buffer.from(args[0], 'latin1'));
        this.log.push('unshift ' + told(answer)); break;
      }
      case 'setEncoding': s.setEncoding(args[0]); break;
      case 'dest': this.dests[args[0]] = new Dest(args[0], args[1].slice(), this.log); break;
      case 'pipe': s.pipe(this.dests[args[0]], { end: args[1] }); break;
      case 'unpipe': args.length ? s.unpipe(this.dests[args[0]]) : s.unpipe(); break;
      case 'tell': this.dests[args[0]].emit(args[1], ...(args[1] === 'error' ? [new Error('bad')] : [])); break;
      case 'destroy': s.destroy(args.length ? new Error(args[0]) : undefined); break;
      case 'iterate': this.iterate(args[0], args[1]); break;
      default: throw new Error(verb);
    }
  }

  async iterate(id, count) {
    await null;
    try {
      for await (const chunk of this.source) {
        this.log.push(`chunk ${id} ${told(chunk)}`);
        if (--count === 0) break;
      }
      this.log.push(`over ${id}`);
    } catch (error) {
      this.log.push(`raised ${id} ${told(error)}`);
    }
  }

  state() {
    const s = this.source;
    return [s.readableFlowing, s.isPaused(), s.readableLength, s.readable, s.readableEnded, s.destroyed,
      s.readableDidRead, s.readableAborted, s.closed, s.readableEncoding, s.errored]
      .map(told).join(' ');
  }
}

// Steps run in callbacks of the loop, never in a promise's: there ticks would wait for all promises.
function run(scenario) {
  return new Promise((resolve) => {
    const stage = new Stage(scenario);
    const steps = scenario.steps.slice();
    const next = () => {
      if (!steps.length) return resolve(stage.log);
      stage.play(steps.shift());
      stage.log.push('--');
      setImmediate(() => {
        stage.log.push('= ' + stage.state());
        next();
      });
    };
    setImmediate(next);
  });
}

(async () => {
  let input = '';
  for await (const chunk of process.stdin) input += chunk;
  const logs = [];
  for (const scenario of JSON.parse(input)) {
    logs.push(await run(scenario));
  }
  process.stdout.write(JSON.stringify(logs));
})();
