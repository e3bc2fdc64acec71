'use strict';
// Runs conformance programs on Node: JSON lines in (start, settle, tell, stop), JSON lines out.
// The language is described in language.py; interpreter.py is the same for writehead.

const events = require('node:events');
const http = require('node:http');
const { AsyncLocalStorage } = require('node:async_hooks');
const { crc32 } = require('node:zlib');

events.captureRejections = true; // an async listener that fails is handled, as the contract has it
const QUIET_TURNS = 12; // turns of the loop without a new line after which a program has settled
const LATER_TURNS = 8; // turns that "later" waits
const MOST = 3000; // lines of one log
const LONG = 300; // characters that a log keeps of a text

const runs = new Map();
const current = new AsyncLocalStorage();

function send(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

process.on('uncaughtException', (error) => {
  const run = current.getStore();
  if (run) run.notes.push(`uncaught: ${error && error.stack}`);
  else send({ uncaught: String(error && error.stack) });
});

function turns(count, done) {
  if (count === 0) done();
  else setImmediate(turns, count - 1, done);
}

// A writable of the kind that assignSocket() takes, which keeps a log of what it is told.
class Sink extends events.EventEmitter {
  constructor(run, name, settings) {
    super();
    this.run = run;
    this.label = name;
    this.writable = true;
    this.writableLength = 0;
    this.writableHighWaterMark = settings.mark ?? 16384;
    this.answer = settings.answer ?? true;
    this.destroyed = false;
    this.text = '';
    this._writableState = { corked: 0 }; // Node's end() reaches for it
  }

  write(chunk, encoding, callback) {
    if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
    this.text += Buffer.from(chunk, encoding).toString('latin1');
    if (callback) process.nextTick(callback);
    return this.answer;
  }

  cork() {}
  uncork() {}
  setTimeout(ms) { this.run.write(`${this.label}.setTimeout`, [ms]); return this; }
  end() { this.run.write(`${this.label}.end`, []); return this; }
  destroySoon() { this.run.write(`${this.label}.destroySoon`, []); return this; }
  destroy() { this.run.write(`${this.label}.destroy`, []); this.destroyed = true; return this; }
  take() { const text = this.text; this.text = ''; return mask(text); }
}

function mask(text) {
  return text.replace(/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, 'Date: <date>');
}

function shorten(text) {
  if (text.length <= LONG) return text;
  return `${text.slice(0, 40)}...${text.length}:${crc32(Buffer.from(text, 'utf8'))}`;
}

class Run {
  constructor(id, scenario) {
    this.id = id;
    this.scenario = scenario;
    this.log = [];
    this.notes = [];
    this.pending = 0;
    this.later = [];
    this.waiting = new Map();
    this.told = new Set();
    this.names = new Map();
    this.sockets = new Set();
    this.requests = 0;
    this.stopped = false;
  }

  start() {
    const { options, server: program, handlers, listen } = this.scenario;
    const env = { http, run: this, tag: '' };
    try {
      this.server = http.createServer(this.value(options ?? {}, env));
    } catch (error) {
      this.write('createServer', ['!' + this.code(error)]);
      send({ id: this.id, ready: null });
      return;
    }
    const { server } = this;
    env.server = server;
    this.names.set(server, 'server');
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    for (const [name, steps] of Object.entries(handlers ?? {})) {
      server.on(name, this.handler(name, steps, env));
    }
    this.program(program ?? [], env);
    if (listen === false) send({ id: this.id, ready: null });
    else {
      server.once('listening', () => {
        const address = server.address();
        send({ id: this.id, ready: typeof address === 'string' ? address : address.port });
      });
      server.listen(listen);
    }
  }

  handler(name, steps, outer) {
    return (...args) => {
      if (this.stopped) return undefined;
      const env = { ...outer, tag: `${++this.requests}:` };
      for (const [index, arg] of args.entries()) {
        if (arg instanceof http.IncomingMessage) env.req = arg;
        else if (arg instanceof http.ServerResponse) env.res = arg;
        else if (Buffer.isBuffer(arg)) env.head = arg;
        else if (arg instanceof Error) env.err = arg;
        else if (arg && typeof arg.destroySoon === 'function') env.socket = arg;
        env[`arg${index}`] = arg;
      }
      if (env.req && !env.socket) env.socket = env.req.socket;
      for (const key of ['req', 'res', 'socket']) if (env[key]) this.names.set(env[key], key);
      this.write(`${env.tag}${name}`, env.req ? [env.req.method, env.req.url] : args.map((a) => this.plain(a)));
      return this.program(steps, env);
    };
  }

  write(label, values) {
    if (this.stopped || this.log.length > MOST) return;
    while (values.length && values[values.length - 1] === null) values.pop();
    this.log.push([label, ...values]);
  }

  code(error) {
    if (error === null || typeof error !== 'object') return String(error);
    if (error.code !== undefined && error.code !== null) return String(error.code);
    return `${error.message}`;
  }

  plain(value) {
    if (value === undefined || value === null) return null;
    switch (typeof value) {
      case 'boolean': return value;
      case 'number': return Number.isFinite(value) ? value : String(value);
      case 'string': return shorten(mask(value));
      case 'function': return '<function>';
      default:
    }
    if (this.names.has(value)) return `<${this.names.get(value)}>`;
    if (Buffer.isBuffer(value)) return ['b', shorten(value.toString('latin1'))];
    if (Array.isArray(value)) return value.map((item) => this.plain(item));
    if (value instanceof Error) return '!' + this.code(value);
    if (value instanceof http.IncomingMessage) return '<req>';
    if (value instanceof http.ServerResponse) return '<res>';
    if (value instanceof http.Server) return '<server>';
    if (typeof value.destroySoon === 'function') return '<socket>';
    if (value instanceof Promise) return '<promise>';
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    const shown = (key, item) => (/port$/i.test(key) && item > 0 ? '<port>' : this.plain(item));
    return { map: entries.map(([key, item]) => [key, shown(key, item)]) };
  }

  value(data, env) {
    if (Array.isArray(data)) return data.map((item) => this.value(item, env));
    if (data === null || typeof data !== 'object') return data;
    const keys = Object.keys(data);
    switch (keys[0]) {
      case '$undef': return undefined;
      case '$nan': return NaN;
      case '$inf': return data.$inf * Infinity;
      case '$bytes': return Buffer.from(data.$bytes, 'latin1');
      case '$ref': return this.resolve(data.$ref, env);
      case '$repeat': return this.value(data.$repeat, env).toString('latin1').repeat(data.times);
      case '$repeatbytes': return Buffer.from(data.$repeatbytes.repeat(data.times), 'latin1');
      case '$error': return Object.assign(new Error(data.$error), data.code ? { code: data.code } : {});
      case '$map': return new Map(data.$map.map(([k, v]) => [k, this.value(v, env)]));
      case '$function': return () => {};
      case '$cb': return (...args) => {
        this.write(`${env.tag}${data.$cb}()`, args.map((a) => this.plain(a)));
        this.program(data.do ?? [], this.withArguments(env, args));
      };
      case '$answer': return () => { this.write(`${env.tag}asked`, []); return data.$answer; };
      case '$request': return { ...data.$request };
      case '$subclass': return this.subclass(data, env);
      default:
        return Object.fromEntries(keys.map((key) => [key, this.value(data[key], env)]));
    }
  }

  withArguments(env, args) {
    const inner = { ...env };
    args.forEach((arg, index) => { inner[`arg${index}`] = arg; });
    return inner;
  }

  // A class of http whose named methods write to the log before they do their work.
  subclass(data, env) {
    const run = this;
    const Cls = class extends http[data.$subclass] {
      constructor(...args) {
        super(...args);
        if (data.constructed) run.write('constructed', data.constructed.map((name) => run.plain(this[name])));
      }
    };
    for (const name of data.methods ?? []) {
      Cls.prototype[name] = function override(...args) {
        run.write(`over ${name}`, args.map((a) => run.plain(a)));
        return http[data.$subclass].prototype[name].apply(this, args);
      };
    }
    return Cls;
  }

  resolve(path, env) {
    let value = env;
    for (const part of path.split('.')) value = value === null || value === undefined ? undefined : value[part];
    return value;
  }

  program(steps, env) {
    let result;
    for (const step of steps) {
      const answer = this[`do_${step[0]}`](env, ...step.slice(1));
      if (answer !== undefined) result = answer;
    }
    return result;
  }

  do_call(env, target, method, args = [], save = null) {
    const label = `${env.tag}${target}.${method}`;
    let result;
    try {
      const object = this.resolve(target, env);
      result = object[method](...args.map((item) => this.value(item, env)));
    } catch (error) {
      this.write(label, ['!' + this.code(error)]);
      return;
    }
    if (save) env[save] = result;
    this.write(label, [this.plain(result)]);
  }

  do_quiet(env, target, method, args = []) {
    try {
      this.resolve(target, env)[method](...args.map((item) => this.value(item, env)));
    } catch (error) {
      this.write(`${env.tag}${target}.${method}`, ['!' + this.code(error)]);
    }
  }

  do_set(env, target, name, data) {
    try {
      this.resolve(target, env)[name] = this.value(data, env);
    } catch (error) {
      this.write(`${env.tag}${target}.${name} =`, ['!' + (error.code ?? 'refused')]);
    }
  }

  do_get(env, paths) {
    for (const path of paths) {
      let value;
      try { value = this.plain(this.resolve(path, env)); } catch (error) { value = '!' + this.code(error); }
      this.write(`${env.tag}${path}`, [value]);
    }
  }

  do_state(env, target, names) {
    const object = this.resolve(target, env);
    this.write(`${env.tag}${target} is`, [names.map((name) => this.plain(object[name]))]);
  }

  do_same(env, one, other) {
    this.write(`${env.tag}${one} === ${other}`, [this.resolve(one, env) === this.resolve(other, env)]);
  }

  do_save(env, name, data) { env[name] = this.value(data, env); }

  do_new(env, name, kind, args = []) {
    try {
      const Cls = kind === 'EventEmitter' ? events.EventEmitter : http[kind];
      env[name] = new Cls(...args.map((item) => this.value(item, env)));
      this.names.set(env[name], name);
    } catch (error) {
      this.write(`${env.tag}new ${kind}`, ['!' + this.code(error)]);
    }
  }

  do_sink(env, name, settings = {}) {
    env[name] = new Sink(this, name, settings);
    this.names.set(env[name], name);
  }

  // how: on, once, prependListener, prependOnceListener
  do_on(env, target, name, steps = [], how = 'on', quiet = false) {
    const object = this.resolve(target, env);
    const listener = (...args) => {
      if (this.stopped) return undefined;
      if (name === 'unpipe') args = args.slice(0, 1); // Node adds what it needs itself
      if (!quiet) this.write(`${env.tag}${target} '${name}'`, args.map((a) => this.plain(a)));
      const inner = this.withArguments(env, args);
      inner.self = listener;
      return this.program(steps, inner);
    };
    try { object[how](name, listener); } catch (error) {
      this.write(`${env.tag}${target}.${how}`, ['!' + this.code(error)]);
    }
    env.last = listener;
  }

  do_off(env, target, name, what) { this.resolve(target, env).off(name, this.resolve(what, env)); }

  do_log(env, label, ...values) { this.write(`${env.tag}${label}`, values.map((v) => this.plain(this.value(v, env)))); }

  // What is done later is done one after the other: two programs of one turn have no order to compare.
  do_later(env, steps) { this.queue(() => this.program(steps, env)); }

  queue(task) {
    this.pending++;
    this.later.push(task);
    if (this.later.length === 1) this.nextLater();
  }

  nextLater() {
    turns(LATER_TURNS, () => {
      this.pending--;
      if (!this.stopped) this.later[0]();
      this.later.shift();
      if (this.later.length) this.nextLater();
    });
  }

  do_timer(env, ms, steps) {
    this.pending++;
    setTimeout(() => { this.pending--; if (!this.stopped) this.program(steps, env); }, ms);
  }

  do_wait(env, name, steps) {
    const go = () => { if (!this.stopped) this.program(steps, env); };
    if (this.told.has(name)) go();
    else this.waiting.set(name, [...(this.waiting.get(name) ?? []), go]);
  }

  do_signal(env, name) { send({ id: this.id, signal: name }); }

  do_route(env, routes) {
    const steps = routes[env.req.url] ?? routes['*'];
    return steps && this.program(steps, env);
  }

  do_when(env, path, wanted, steps) {
    const value = this.plain(this.resolve(path, env));
    return JSON.stringify(value) === JSON.stringify(wanted) ? this.program(steps, env) : undefined;
  }

  do_repeat(env, times, steps) { for (let i = 0; i < times; i++) this.program(steps, env); }

  // Writes until write() answers false; then runs the steps.
  do_fill(env, target, data, most, steps = []) {
    let count = 0;
    const object = this.resolve(target, env);
    const chunk = this.value(data, env);
    while (count++ < most && object.write(chunk));
    this.write(`${env.tag}${target} filled`, [count <= most]);
    this.program(steps, env);
  }

  do_fail(env, text) { return Promise.reject(new Error(text)); }

  do_failLater(env, text) {
    return new Promise((resolve, reject) => { this.queue(() => reject(new Error(text))); });
  }

  async do_iterateAsync(env, target, most, each, after) {
    try {
      let count = 0;
      let text = '';
      for await (const chunk of this.resolve(target, env)) {
        text += typeof chunk === 'string' ? chunk : chunk.toString('latin1');
        if (each.length) {
          this.write(`${env.tag}chunk`, [this.plain(chunk)]);
          this.program(each, env);
        }
        if (++count === most) break;
      }
      this.write(`${env.tag}iterated`, [shorten(text)]);
    } catch (error) {
      this.write(`${env.tag}iteration`, ['!' + this.code(error)]);
    }
    if (!this.stopped) this.program(after, env);
  }

  do_iterate(env, target, most, each, after) { this.do_iterateAsync(env, target, most, each, after); }

  tell(name) {
    this.told.add(name);
    const waiting = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (const go of waiting) go();
  }

  settle(answer) {
    const length = this.log.length;
    turns(QUIET_TURNS, () => {
      if (this.pending === 0 && this.log.length === length) answer();
      else this.settle(answer);
    });
  }

  stop() {
    this.stopped = true;
    for (const socket of this.sockets) socket.destroy();
    if (this.server) this.server.close();
  }
}

function obey(line) {
  const order = JSON.parse(line);
  if (order.do === 'start') {
    const run = new Run(order.id, order.scenario);
    runs.set(order.id, run);
    current.run(run, () => run.start());
    return;
  }
  const run = runs.get(order.id);
  if (order.do === 'settle') run.settle(() => send({ id: order.id, settled: order.round }));
  else if (order.do === 'tell') current.run(run, () => run.tell(order.name));
  else if (order.do === 'stop') {
    send({ id: order.id, log: run.log, notes: run.notes });
    run.stop();
    runs.delete(order.id);
  }
}

send({ version: process.version });
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  lines.forEach(obey);
});
process.stdin.on('end', () => process.exit(0));
