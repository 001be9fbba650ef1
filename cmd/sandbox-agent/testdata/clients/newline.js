// A client that needs no library: one JSON message per line.
'use strict';

const { spawn } = require('node:child_process');
const readline = require('node:readline');
const { report } = require('./session.js');

const child = spawn(process.argv[2], ['stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
const handlers = new Map();
const pending = new Map();
let lastId = 0;

const write = (message) => child.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');

readline.createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.method !== undefined) {
    handlers.get(message.method)?.(message.params);
    return;
  }
  const { resolve, reject } = pending.get(message.id);
  pending.delete(message.id);
  if (message.error) reject(message.error);
  else resolve(message.result);
});

const cancels = {
  '$/cancel_request': (id) => write({ method: '$/cancel_request', params: { requestId: id } }),
  'notifications/cancelled': (id) => write({ method: 'notifications/cancelled', params: { requestId: id, reason: 'bored' } }),
};

report(child, {
  dialects: Object.keys(cancels),
  onNotification: (method, handler) => handlers.set(method, handler),
  notify: (method, params) => write({ method, params }),
  call(method, params) {
    const id = `request ${++lastId}`;
    const answer = new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
    write({ id, method, params });
    return { answer, cancel: (dialect) => cancels[dialect](id) };
  },
});
